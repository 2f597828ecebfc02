/* Below a proxy's prefix, the page and the document are found by relative addresses. The document's own are absolute. */
const root = new URL('..', location.href);

SwaggerUIBundle({
  dom_id: '#swagger-ui',
  url: '../openapi/v1.json',
  validatorUrl: null,
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  requestInterceptor: (request) => {
    const url = new URL(request.url, location.href);
    if (url.origin === root.origin && !request.loadSpec) {
      request.url = new URL(`.${url.pathname}${url.search}`, root).href;
    }
    return request;
  },
});

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
});

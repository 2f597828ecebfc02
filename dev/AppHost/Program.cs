// dev/up under Aspire: the same stack, and a dashboard that shows its log, its traces and its metrics. Docker is not needed.
var builder = DistributedApplication.CreateBuilder(args);

var root = Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "../.."));
builder
    .AddExecutable("netpilot", Path.Combine(root, "dev/up"), root, "--logs")
    .WithOtlpExporter()
    .WithHttpEndpoint(port: 8080, name: "api", isProxied: false)
    .WithHttpEndpoint(port: 3000, name: "commands-server", isProxied: false);

builder.Build().Run();

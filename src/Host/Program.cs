using NetPilot.Host;

var builder = WebApplication.CreateBuilder(args);
builder.AddNetPilot();

var app = builder.Build();
app.UseNetPilot();
await app.MigrateAsync();
await app.RunAsync();

/// <summary>Named so that tests can start the server.</summary>
public partial class Program;

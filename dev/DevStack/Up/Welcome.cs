using NetPilot.DevStack.Postgres;

namespace NetPilot.DevStack.Up;

/// <summary>What <c>dev/up</c> prints when all is up.</summary>
internal sealed class Welcome(UpOptions options, Uri api, Uri simulator, PostgresServer? postgres, string environmentFile)
{
    public string Text() =>
        $"""

            NetPilot is up.

              API             {api}api/v1
              Swagger UI      {api}swagger
              Commands-Server {simulator}  (simulated, {options.Dialect.ToString().ToLowerInvariant()} dialect: homes, calls, faults)
              Mails           {simulator}_mail
              PostgreSQL      {Sourced(Psql())}
              Log             .devstack/host.log
              An admin        {Sourced("dotnet src/Host/bin/Debug/net10.0/NetPilot.Host.dll admin grant you@example.org")}

            A session to paste into another terminal:

            {CurlSession()}

            Ctrl-C stops everything; the data stays in .devstack.

            """;

    public string WithoutHost() =>
        $"""

            All but NetPilot is up.

              Commands-Server {simulator}  (simulated, {options.Dialect.ToString().ToLowerInvariant()} dialect: homes, calls, faults)
              Mails           {simulator}_mail
              PostgreSQL      {Sourced(Psql())}
              NetPilot        {Sourced("dotnet run --project src/Host --no-launch-profile")}
                              (or from an editor: a launch profile with the default ports, else {environmentFile} as its environment file)

            Ctrl-C stops everything; the data stays in .devstack.

            """;

    /// <summary>A command with the settings of the environment file, in a shell of its own.</summary>
    private string Sourced(string command) => $"(set -a; . {environmentFile}; {command})";

    private string Psql()
    {
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "psql")));
        return onPath || postgres?.BinariesFolder is not { } folder ? "psql" : Path.Combine(folder, "psql");
    }

    /// <summary>Needs curl, grep and sed, and nothing else.</summary>
    private string CurlSession() =>
        $$"""
            API={{api}}api/v1
            EMAIL=me-$(date +%s)@example.org PASSWORD=a-fresh-breeze-in-the-attic ROUTER=home-$(date +%s)
            JSON='Content-Type: application/json'
            curl -sS $API/auth/register -H "$JSON" -d "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"; echo
            TOKEN=$(curl -sS $API/auth/login -H "$JSON" -d "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')
            AUTH="Authorization: Bearer $TOKEN"
            curl -sS $API/routers -H "$AUTH" -H "$JSON" -d "{\"routerId\":\"$ROUTER\",\"name\":\"Home\"}"; echo
            SCAN=$(curl -sS -X POST $API/routers/$ROUTER/scan -H "$AUTH"); echo "$SCAN"
            IP=$(echo "$SCAN" | grep -o '"ip":"[0-9.]*"' | grep -v '\.1"' | sed 's/[^0-9.]//g' | head -n 1); echo "Blocking $IP"
            curl -sS $API/routers/$ROUTER/block -H "$AUTH" -H "$JSON" -d "{\"ip\":\"$IP\",\"reason\":\"Homework first\"}"; echo
            curl -sS $API/routers/$ROUTER/blocked -H "$AUTH"; echo
            curl -sS $API/routers/$ROUTER/unblock -H "$AUTH" -H "$JSON" -d "{\"ip\":\"$IP\"}"; echo
            curl -sS -X POST $API/auth/logout -H "$AUTH" -o /dev/null -w 'logout %{http_code}, '; curl -sS $API/me -H "$AUTH" -o /dev/null -w 'afterwards %{http_code}\n'
            """;
}

using System.Diagnostics;
using System.Text.RegularExpressions;
using NetPilot.Host.Http;
using NetPilot.Host.Startup;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace NetPilot.Host.Tests.Startup;

/// <summary>What operators copy, as far as no container engine and no systemd is needed.</summary>
[OneDialect]
public sealed partial class DeployTests
{
    // Outside Development.
    private const int DrainDelay = 5;

    [Fact]
    public void The_pod_has_a_writable_folder_for_the_runtime_and_probes_with_patience()
    {
        var pod = Kubernetes();
        var server = pod.List("containers").ShouldHaveSingleItem();
        server.Map("securityContext").Text("readOnlyRootFilesystem").ShouldBe("true");
        var mount = server.List("volumeMounts").Single(volume => volume.Text("mountPath") == "/tmp");
        pod.List("volumes").Single(volume => volume.Text("name") == mount.Text("name")).Children.Keys.ShouldContain("emptyDir");

        // A liveness probe alone would end a start that waits for PostgreSQL or for migrations.
        var startup = server.Map("startupProbe");
        startup.Map("httpGet").Text("path").ShouldBe("/health/live");
        (startup.Number("failureThreshold") * startup.Number("periodSeconds")).ShouldBeGreaterThanOrEqualTo(600);

        var live = server.Map("livenessProbe");
        live.Map("httpGet").Text("path").ShouldBe("/health/live");
        live.Number("timeoutSeconds").ShouldBeGreaterThanOrEqualTo(3);
        var ready = server.Map("readinessProbe");
        ready.Map("httpGet").Text("path").ShouldBe("/health/ready");
        ready.Number("failureThreshold").ShouldBeGreaterThanOrEqualTo(2);
        (ready.Number("failureThreshold") * ready.Number("periodSeconds")).ShouldBeLessThan(DrainDelay);
    }

    [Fact]
    public void The_Compose_file_believes_a_proxy_on_the_host_and_has_a_place_for_more_settings()
    {
        var compose = Yaml(Read("deploy/compose/compose.yaml"));
        var server = compose.Map("services").Map("server");
        // Nobody but the host reaches the port.
        server.Sequence("ports").ShouldBe(["127.0.0.1:8080:8080"]);
        var subnet = compose.Map("networks").Map("default").Map("ipam").List("config").ShouldHaveSingleItem().Text("subnet");
        subnet.ShouldStartWith("${NETPILOT_SUBNET:-");
        server.Map("environment").Text("ForwardedHeaders__KnownNetworks__0").ShouldBe(subnet);
        var range = subnet["${NETPILOT_SUBNET:-".Length..].TrimEnd('}');
        new TrustedProxiesOptions { KnownNetworks = { range } }
            .Refusals()
            .ShouldBeEmpty();
        Read("deploy/compose/.env.example").ShouldContain($"NETPILOT_SUBNET={range}");

        var further = server.List("env_file").ShouldHaveSingleItem();
        (further.Text("path"), further.Text("required")).ShouldBe(("netpilot.env", "false"));
    }

    [Fact]
    public void The_unit_takes_a_stop_before_the_start_for_a_stop() =>
        Read("deploy/systemd/netpilot.service").Split('\n').ShouldContain($"SuccessExitStatus={StartupFailure.Stopped}");

    [Fact]
    public void The_unit_shows_the_server_its_parent_which_tells_that_it_runs_under_systemd()
    {
        var unit = Read("deploy/systemd/netpilot.service").Split('\n');
        unit.ShouldContain("Type=notify");
        unit.ShouldNotContain(line =>
            line.StartsWith("ProtectProc=", StringComparison.Ordinal)
            || line.StartsWith("ProcSubset=", StringComparison.Ordinal)
            || line.StartsWith("PrivatePIDs=", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void The_unit_does_not_end_a_migration() =>
        Read("deploy/systemd/netpilot.service").Split('\n').ShouldContain("TimeoutStartSec=infinity");

    [Fact]
    public async Task Each_upgrade_with_systemd_keeps_the_version_before_it()
    {
        var block = Read("docs/operations/upgrade.md")
            .Split("```")
            .Single(block => block.Contains("systemctl start netpilot", StringComparison.Ordinal));
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            // The commands on files alone, in a folder of the test.
            var commands = block
                .Split('\n')
                .Where(line => line.StartsWith("mv ", StringComparison.Ordinal) || line.StartsWith("rm ", StringComparison.Ordinal))
                .Select(line => line.Replace("/opt/", folder.FullName + "/", StringComparison.Ordinal));
            var script = "set -e\n" + string.Join('\n', commands);
            var (now, before) = (Path.Combine(folder.FullName, "netpilot"), Path.Combine(folder.FullName, "netpilot.old"));
            Make(now, 1);
            for (var version = 2; version <= 4; version++)
            {
                Make(now + ".new", version);
                using var shell = Process.Start("sh", ["-c", script]);
                await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
                shell.ExitCode.ShouldBe(0);
                Made(now).ShouldBe($"{version}");
                Made(before).ShouldBe($"{version - 1}");
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static void Make(string folder, int version) =>
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(folder).FullName, "version"), $"{version}");

        static string Made(string folder) => File.ReadAllText(Path.Combine(folder, "version"));
    }

    [Fact]
    public void Each_variable_of_the_Compose_file_is_in_the_example()
    {
        var example = Read("deploy/compose/.env.example");
        var variables = ComposeVariable().Matches(Read("deploy/compose/compose.yaml")).Select(match => match.Groups[1].Value).Distinct();
        variables.ShouldNotBeEmpty();
        variables.Where(variable => !example.Contains($"{variable}=", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void Documented_Compose_commands_name_services_that_there_are()
    {
        var services = Yaml(Read("deploy/compose/compose.yaml")).Map("services").Children.Keys.Select(key => key.ToString()).ToArray();
        var documents = Directory.GetFiles(Path.Combine(Checkout.Root, "docs/operations"), "*.md").Select(File.ReadAllText);
        documents
            .SelectMany(text => ComposeCommand().Matches(text))
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .Where(service => !services.Contains(service))
            .ShouldBeEmpty();

        var backup = Read("docs/operations/backup.md");
        foreach (var program in new[] { "pg_dump", "psql", "pg_restore" })
        {
            backup.ShouldContain($"docker compose exec -T postgres {program} --username=postgres");
        }
    }

    [GeneratedRegex(@"\$\{([A-Z_]+)")]
    private static partial Regex ComposeVariable();

    [GeneratedRegex("docker compose (?:exec -T|run --rm|stop|logs) ([a-z]+)")]
    private static partial Regex ComposeCommand();

    private static YamlMappingNode Kubernetes()
    {
        var section = Read("docs/operations/install.md").Split("### With Kubernetes")[1];
        return Yaml(section.Split("```yaml")[1].Split("```")[0]);
    }

    private static YamlMappingNode Yaml(string text)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(text);
        stream.Load(reader);
        return stream.Documents.ShouldHaveSingleItem().RootNode.ShouldBeOfType<YamlMappingNode>();
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Checkout.Root, file));
}

internal static class YamlNodes
{
    public static YamlMappingNode Map(this YamlMappingNode node, string key) => node[key].ShouldBeOfType<YamlMappingNode>();

    public static YamlMappingNode[] List(this YamlMappingNode node, string key) =>
        [.. node[key].ShouldBeOfType<YamlSequenceNode>().Select(item => item.ShouldBeOfType<YamlMappingNode>())];

    public static string[] Sequence(this YamlMappingNode node, string key) =>
        [.. node[key].ShouldBeOfType<YamlSequenceNode>().Select(item => item.ToString())];

    public static string Text(this YamlMappingNode node, string key) => node[key].ToString();

    public static int Number(this YamlMappingNode node, string key) =>
        int.Parse(node.Text(key), System.Globalization.CultureInfo.InvariantCulture);
}

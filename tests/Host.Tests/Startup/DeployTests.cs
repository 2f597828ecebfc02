using NetPilot.Host.Http;
using NetPilot.Host.Startup;
using NetPilot.Testing;
using Shouldly;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace NetPilot.Host.Tests.Startup;

/// <summary>What operators copy, as far as no container engine and no systemd is needed.</summary>
[OneDialect]
public sealed class DeployTests
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

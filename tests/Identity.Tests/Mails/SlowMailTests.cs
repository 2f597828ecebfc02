using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using NetPilot.Identity.Data;
using NetPilot.Identity.Mails;
using NetPilot.Identity.Passwords;
using NetPilot.Identity.Sessions;
using NetPilot.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace NetPilot.Identity.Tests.Mails;

/// <summary>
/// Two replicas send mails by a slow server, whose answers take their time by the replicas' clock. The suite's own server sends none meanwhile.
/// </summary>
[Collection(nameof(Alone))]
public sealed class SlowMailTests(IdentityServer server) : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());

    private static CancellationToken EndOfTest => TestContext.Current.CancellationToken;

    private MailWorker OwnWorker => server.Services.GetRequiredService<MailWorker>();

    public async ValueTask InitializeAsync() => await OwnWorker.StopAsync(EndOfTest);

    public async ValueTask DisposeAsync() => await OwnWorker.StartAsync(CancellationToken.None);

    [Fact]
    public async Task A_mail_that_a_slow_server_takes_longer_over_than_a_minute_is_sent_once()
    {
        var user = await AskedAsync();
        await using var smtp = new SlowSmtp();
        var (one, other) = (Worker(smtp), Worker(smtp));
        var taken = new List<bool>();
        smtp.Dwell = async connection =>
        {
            time.Advance(TimeSpan.FromSeconds(12));
            if (connection == 1)
            {
                taken.Add(await other.SendNextAsync(EndOfTest));
            }
        };
        (await one.SendNextAsync(EndOfTest)).ShouldBeTrue();

        taken.Count.ShouldBeGreaterThanOrEqualTo(6);
        taken.ShouldAllBe(another => !another);
        smtp.Mails.ShouldHaveSingleItem().ShouldContain(user.Email);
        (await RowOf(user)).ShouldBe((true, 1));
        (await other.SendNextAsync(EndOfTest)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_delivery_is_given_up_before_another_replica_may_take_the_mail_and_tried_again()
    {
        using var counted = new MeterListener { InstrumentPublished = ListenToDeliveries };
        var outcomes = new ConcurrentQueue<object?>();
        // The suite's own server may be sending another test's mail.
        var isOurs = new AsyncLocal<bool> { Value = true };
        counted.SetMeasurementEventCallback<long>(
            (_, _, tags, _) =>
            {
                if (isOurs.Value)
                {
                    outcomes.Enqueue(tags[0].Value);
                }
            }
        );
        counted.Start();
        var user = await AskedAsync();
        await using var smtp = new SlowSmtp();
        var (one, other) = (Worker(smtp), Worker(smtp));
        var began = time.GetUtcNow();
        smtp.Dwell = async _ =>
        {
            time.Advance(TimeSpan.FromSeconds(40));
            (await other.SendNextAsync(EndOfTest)).ShouldBeFalse();
        };
        (await one.SendNextAsync(EndOfTest)).ShouldBeTrue();
        // The deadline passes within an answer, whose look for a mail is not to meet the one that is put off.
        await smtp.HungUpAsync();

        (time.GetUtcNow() - began).ShouldBeInRange(MailWorker.Deadline, ResetMails.LeaseTime);
        smtp.Mails.ShouldBeEmpty();
        (await RowOf(user)).ShouldBe((false, 1));
        outcomes.ShouldBe(["postponed"]);
        (await server.ScalarAsync<long>("SELECT count(*) FROM identity.password_resets WHERE user_id = $1", user.Id)).ShouldBe(0);

        smtp.Dwell = _ => Task.CompletedTask;
        (await other.SendNextAsync(EndOfTest)).ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(5));
        (await other.SendNextAsync(EndOfTest)).ShouldBeTrue();
        smtp.Mails.ShouldHaveSingleItem().ShouldContain(user.Email);
        (await RowOf(user)).ShouldBe((true, 2));
        outcomes.ShouldBe(["postponed", "sent"]);
    }

    [Fact]
    public async Task A_mail_that_was_taken_is_not_sent_again_because_the_server_does_not_say_goodbye()
    {
        var user = await AskedAsync();
        await using var smtp = new SlowSmtp { LeavesWithoutGoodbye = true };
        var worker = Worker(smtp);
        (await worker.SendNextAsync(EndOfTest)).ShouldBeTrue();
        smtp.Mails.ShouldHaveSingleItem();
        (await RowOf(user)).ShouldBe((true, 1));
    }

    /// <summary>A mail server that takes its time over the content is given up, and has the mail all the same.</summary>
    [Fact]
    public async Task A_mail_that_may_have_arrived_keeps_its_link_and_is_sent_a_few_times_at_most()
    {
        var user = await AskedAsync();
        await using var smtp = new SlowSmtp { TakesWithoutAnswer = true };
        var worker = Worker(smtp);
        for (var sent = 1; sent <= 3; sent++)
        {
            (await worker.SendNextAsync(EndOfTest)).ShouldBeTrue();
            smtp.Mails.Count.ShouldBe(sent);
            time.Advance(TimeSpan.FromMinutes(4));
            (await worker.SendNextAsync(EndOfTest)).ShouldBeFalse();
            time.Advance(TimeSpan.FromMinutes(1));
        }

        (await worker.SendNextAsync(EndOfTest)).ShouldBeFalse();
        (await RowOf(user)).ShouldBe((true, 3));
        var token = smtp.Mails.First().Split("#token=")[1][..43];
        using var anyone = server.Stranger();
        await (await anyone.Post("/auth/password/reset", new { token, newPassword = "another long password" })).ShouldBeEmptyAsync(204);
    }

    [Fact]
    public async Task The_id_of_a_mail_has_the_domain_of_its_sender()
    {
        await AskedAsync();
        await using var smtp = new SlowSmtp();

        (await Worker(smtp).SendNextAsync(EndOfTest)).ShouldBeTrue();

        smtp.Mails.ShouldHaveSingleItem()
            .Split("\r\n")
            .Single(line => line.StartsWith("Message-Id:", StringComparison.OrdinalIgnoreCase))
            .ShouldEndWith("@example.test>");
    }

    [Fact]
    public void A_delivery_ends_well_before_its_lease() =>
        (ResetMails.LeaseTime - MailWorker.Deadline).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(30));

    private static void ListenToDeliveries(Instrument instrument, MeterListener listener)
    {
        if (instrument.Name == "netpilot.mail.deliveries")
        {
            listener.EnableMeasurementEvents(instrument);
        }
    }

    private async Task<TestUser> AskedAsync()
    {
        var user = await server.NewUser();
        // What other tests left is no mail of these.
        await server.ExecuteAsync("UPDATE identity.reset_mails SET due_at = NULL WHERE due_at IS NOT NULL");
        await new ResetMails(Database, Contexts, time).EnqueueAsync(user.Email, EndOfTest);
        return user;
    }

    private IDbContextFactory<IdentityDbContext> Contexts => server.Services.GetRequiredService<IDbContextFactory<IdentityDbContext>>();

    private NpgsqlDataSource Database => server.Services.GetRequiredService<NpgsqlDataSource>();

    private MailWorker Worker(SlowSmtp smtp) =>
        new(
            new ResetMails(Database, Contexts, time),
            new ResetTokens(Contexts, time),
            Options.Create(
                new MailOptions
                {
                    From = "noreply@example.test",
                    ResetUrl = "https://app.example.test/reset",
                    Smtp =
                    {
                        Host = "127.0.0.1",
                        Port = smtp.Port,
                        UseTls = false,
                    },
                }
            ),
            Options.Create(new SweepOptions()),
            time,
            NullLogger<MailWorker>.Instance
        );

    private async Task<(bool Closed, int Attempts)> RowOf(TestUser user)
    {
        var row = (
            await server.QueryAsync("SELECT due_at IS NULL AS closed, attempts FROM identity.reset_mails WHERE email = $1", user.Email)
        ).ShouldHaveSingleItem();
        return (row.Value<bool>("closed"), row.Value<int>("attempts"));
    }

    /// <summary>An SMTP server that dwells on each answer.</summary>
    private sealed class SlowSmtp : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(EndOfTest);
        private readonly ConcurrentBag<Task> conversations = [];
        private readonly Task accepting;

        public SlowSmtp()
        {
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
            accepting = AcceptAsync();
        }

        public int Port { get; }

        /// <summary>Called with the connection's number before each answer.</summary>
        public Func<int, Task> Dwell { get; set; } = _ => Task.CompletedTask;

        public bool LeavesWithoutGoodbye { get; init; }

        /// <summary>Whether it takes a mail and hangs up without saying so.</summary>
        public bool TakesWithoutAnswer { get; init; }

        /// <summary>The mails that it took, headers and all.</summary>
        public ConcurrentQueue<string> Mails { get; } = new();

        /// <summary>Returns when the conversations that have begun are over.</summary>
        public Task HungUpAsync() => Task.WhenAll(conversations);

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();

            // A listener that is stopped while a connection arrives refuses the next accept with another exception.
            await accepting;
            listener.Stop();
            await HungUpAsync();
            stopping.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                for (var number = 1; ; number++)
                {
                    conversations.Add(ConverseAsync(await listener.AcceptTcpClientAsync(stopping.Token), number));
                }
            }
            catch (OperationCanceledException)
            {
                // It is being stopped.
            }
        }

        private async Task ConverseAsync(TcpClient client, int number)
        {
            using (client)
            using (var reader = new StreamReader(client.GetStream(), Encoding.ASCII))
            await using (var writer = new StreamWriter(client.GetStream(), Encoding.ASCII) { NewLine = "\r\n", AutoFlush = true })
            {
                try
                {
                    await SayAsync("220 slow");
                    while (await reader.ReadLineAsync(EndOfTest) is { } line)
                    {
                        if (line == "QUIT")
                        {
                            await SayAsync("221 bye");
                            return;
                        }

                        await SayAsync(line == "DATA" ? "354 go on" : "250 fine");
                        if (line == "DATA")
                        {
                            var mail = await ReadMailAsync(reader);
                            if (TakesWithoutAnswer)
                            {
                                Mails.Enqueue(mail);
                                return;
                            }

                            await SayAsync("250 taken");
                            Mails.Enqueue(mail);
                            if (LeavesWithoutGoodbye)
                            {
                                return;
                            }
                        }
                    }
                }
                catch (IOException)
                {
                    // The client has gone.
                }

                async Task SayAsync(string answer)
                {
                    await Dwell(number);
                    await writer.WriteLineAsync(answer);
                }
            }
        }

        private static async Task<string> ReadMailAsync(StreamReader reader)
        {
            var mail = new StringBuilder();
            while (await reader.ReadLineAsync(EndOfTest) is { } line && line != ".")
            {
                mail.Append(line).Append("\r\n");
            }

            return mail.ToString();
        }
    }
}

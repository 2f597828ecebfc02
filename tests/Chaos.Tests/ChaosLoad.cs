using System.Collections.Concurrent;
using NetPilot.DevStack.Simulator;

namespace NetPilot.Chaos.Tests;

/// <summary>What a user was told about a device, or about the whole router where <see cref="Ip"/> is null.</summary>
internal sealed record Told(
    string RouterId,
    string Kind,
    string? Ip,
    string Action,
    string? Prefer,
    DateTimeOffset Began,
    DateTimeOffset Ended,
    ChaosAnswer? Answer
)
{
    public override string ToString() =>
        $"{Began:mm:ss.fff}-{Ended:mm:ss.fff} {Kind} {Action} {Ip} {Prefer} -> "
        + $"{Answer?.Status} {Answer?.Text("code")} {Answer?.Text("state")} {Answer?.Text("expiresAt")}";
}

internal sealed record ChaosUser(Guid Id, string Email, string Token);

/// <param name="RouterId">The router.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Addresses">The devices that are blocked and unblocked one by one.</param>
/// <param name="Person">Who has the other devices, where the router has a person.</param>
internal sealed record ChaosRouter(string RouterId, ChaosUser Owner, string[] Addresses, ChaosPerson? Person);

/// <summary>A person whose devices are held by pauses and by a schedule, and by nothing else.</summary>
internal sealed record ChaosPerson(Guid Id, Guid ScheduleId, string[] Addresses);

/// <summary>Users who block, unblock and change their minds. Each device has one who commands it, so that the last word on it is known.</summary>
internal sealed class ChaosLoad(ChaosStack stack, int seed)
{
    private const string Password = "correct horse battery staple";
    private readonly ConcurrentQueue<Told> _told = new();

    public IReadOnlyCollection<Told> Told => _told;

    /// <summary>How many commands were answered as done.</summary>
    public int Acknowledged => _told.Count(told => told.Answer is { Status: 200 or 201 });

    public List<ChaosRouter> Routers { get; } = [];

    /// <summary>Tokens of sessions whose logout was acknowledged.</summary>
    public ConcurrentQueue<string> LoggedOut { get; } = new();

    /// <summary>Anything that must never be answered.</summary>
    public ConcurrentQueue<string> Broken { get; } = new();

    public async Task PrepareAsync(int users, int routersEach, int devicesEach)
    {
        var random = new Random(seed);
        for (var u = 0; u < users; u++)
        {
            var email = $"chaos-{u}@example.test";
            await DemandAsync(random, "auth/register", null, new { email, password = Password }, 201, 409);
            // The first stays free: its commands meet the tier's limit.
            await stack.ExecuteAsync($"UPDATE identity.users SET tier = '{(u == 0 ? "free" : "pro")}' WHERE email = '{email}'");
            var tokens = await DemandAsync(random, "auth/login", null, new { email, password = Password }, 200);
            var user = new ChaosUser(tokens.Body.GetProperty("user").GetProperty("id").GetGuid(), email, tokens.Text("accessToken")!);
            for (var r = 0; r < (u == 0 ? 1 : routersEach); r++)
            {
                var routerId = $"chaos-{seed}-{u}-{r}";
                // No address contains another one, which the deployed dialect would take for it.
                var all = Enumerable.Range(1, devicesEach + 2).Select(n => $"192.168.7.{n * 11}").ToArray();
                var (addresses, persons) = (all[..devicesEach], all[devicesEach..]);
                stack
                    .Commands.Router(routerId)
                    .SetDevices([
                        new SimulatedDevice("192.168.7.1", $"94:83:c4:00:{u:x2}:{r:x2}"),
                        .. all.Select((ip, n) => new SimulatedDevice(ip, $"3c:52:82:{u:x2}:{r:x2}:{n:x2}")),
                    ]);
                await DemandAsync(random, "routers", user.Token, new { routerId, name = "Home" }, 201, 200);
                if (r % 2 == 0)
                {
                    await DemandAsync(random, $"routers/{routerId}/scan", user.Token, null, 200);
                }

                // The tier's limit would refuse what a person's pause wants.
                var person = u > 0 && r % 2 == 0 ? await PersonAsync(random, routerId, user, persons) : null;
                Routers.Add(new ChaosRouter(routerId, user, addresses, person));
            }
        }
    }

    public Task RunAsync(CancellationToken stopping)
    {
        var number = 0;
        return Task.WhenAll([
            .. Routers.SelectMany(router =>
                router.Addresses.Select((ip, n) => CommandDeviceAsync(router, ip, listed: n % 2 == 0, NextRandom(), stopping))
            ),
            .. Routers.Select(router => CommandRouterAsync(router, NextRandom(), stopping)),
            .. Routers.Where(router => router.Person is not null).Select(router => CommandPersonAsync(router, NextRandom(), stopping)),
            .. Routers.Select(router => router.Owner).Distinct().Select(user => ComeAndGoAsync(user, NextRandom(), stopping)),
        ]);

        Random NextRandom() => new(unchecked((seed * 7919) + number++));
    }

    private async Task CommandDeviceAsync(ChaosRouter router, string ip, bool listed, Random random, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var kind =
                !listed || random.Next(4) > 0 ? "block"
                : random.Next(2) == 0 ? "blacklist"
                : "whitelist";
            var adds = random.Next(5) < 3;
            string? prefer =
                kind != "block"
                    ? null
                    : random.Next(6) switch
                    {
                        0 => "respond-async",
                        1 => "wait=1",
                        _ => null,
                    };
            object body = (kind, adds, random.Next(8)) switch
            {
                ("block", true, 0) => new { ip, expiresAt = (DateTimeOffset?)Now.AddMilliseconds(random.Next(300, 2500)) },
                ("block", true, 1 or 2) => new
                {
                    ip,
                    reason = $"seed {seed}",
                    expiresAt = (DateTimeOffset?)null,
                },
                _ => new { ip },
            };
            var copies = kind == "block" && random.Next(8) == 0 ? 3 : 1;
            await Task.WhenAll(Enumerable.Range(0, copies).Select(_ => CommandAsync(router, kind, ip, adds, body, prefer, random)));
            await RestAsync(random.Next(20, 250));
        }
    }

    private Task CommandAsync(ChaosRouter router, string kind, string ip, bool adds, object body, string? prefer, Random random) =>
        (kind, adds) switch
        {
            ("block", true) => TellAsync(router, kind, ip, "block", HttpMethod.Post, "block", body, prefer, random),
            ("block", false) => TellAsync(router, kind, ip, "unblock", HttpMethod.Post, "unblock", new { ip }, prefer, random),
            (_, true) => TellAsync(router, kind, ip, "block", HttpMethod.Post, kind, new { ip }, null, random),
            _ => TellAsync(router, kind, ip, "unblock", HttpMethod.Delete, $"{kind}/{ip}", null, null, random),
        };

    private async Task<ChaosPerson> PersonAsync(Random random, string routerId, ChaosUser user, string[] addresses)
    {
        var scan = await DemandAsync(random, $"routers/{routerId}/scan", user.Token, null, 200);
        var deviceIds = scan
            .Body.GetProperty("devices")
            .EnumerateArray()
            .Where(device => addresses.Contains(device.GetProperty("ip").GetString()))
            .Select(device => device.GetProperty("id").GetGuid())
            .ToArray();
        var personId = await DemandNamedAsync(random, $"routers/{routerId}/people", user.Token, "Kid", new { name = "Kid", deviceIds });
        string[] days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        var schedule = new
        {
            name = "Always",
            personId,
            enabled = false,
            windows = new[]
            {
                new
                {
                    days,
                    from = "00:00",
                    to = "24:00",
                },
            },
        };
        var scheduleId = await DemandNamedAsync(random, $"routers/{routerId}/schedules", user.Token, schedule.name, schedule);
        return new ChaosPerson(personId, scheduleId, addresses);
    }

    private async Task CommandPersonAsync(ChaosRouter router, Random random, CancellationToken stopping)
    {
        var person = $"people/{router.Person!.Id}";
        while (!stopping.IsCancellationRequested)
        {
            await RestAsync(random.Next(50, 500));
            DateTimeOffset? until = random.Next(2) == 0 ? Now.AddMilliseconds(random.Next(300, 2500)) : null;
            var (action, method, path, body) = random.Next(6) switch
            {
                0 or 1 => (until is null ? "pause" : "pause for a while", HttpMethod.Post, $"{person}/pause", (object?)new { until }),
                2 => ("resume", HttpMethod.Post, $"{person}/resume", null),
                3 => ("allow", HttpMethod.Post, $"{person}/allow", new { until }),
                var choice => (
                    choice == 4 ? "enable" : "disable",
                    HttpMethod.Patch,
                    $"schedules/{router.Person.ScheduleId}",
                    new { enabled = choice == 4 }
                ),
            };
            var prefer = action is "pause" or "pause for a while" or "resume" && random.Next(3) == 0 ? "respond-async" : null;
            await TellAsync(router, "person", null, action, method, path, body, prefer, random);
        }
    }

    private async Task CommandRouterAsync(ChaosRouter router, Random random, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await RestAsync(random.Next(300, 1500));
            var (action, path) = random.Next(8) switch
            {
                // A reset lets through what is held, and a person's devices are to be held by the person's pause and schedule alone.
                0 when router.Person is null => ("reset", "reset"),
                < 4 => ("sync", "blocked/sync"),
                _ => ("scan", "scan"),
            };
            await TellAsync(router, "all", null, action, HttpMethod.Post, path, null, null, random);
        }
    }

    private async Task TellAsync(
        ChaosRouter router,
        string kind,
        string? ip,
        string action,
        HttpMethod method,
        string path,
        object? body,
        string? prefer,
        Random random
    )
    {
        var began = Now;
        var answer = await stack.SendAsync(random, method, $"routers/{router.RouterId}/{path}", router.Owner.Token, body, prefer);
        var told = new Told(router.RouterId, kind, ip, action, prefer, began, Now, answer);
        _told.Enqueue(told);
        // A time that was still to come when it was sent may be over when it arrives.
        if (answer is { Status: 401 or 500 } || (answer?.Status == 400 && action is not ("block" or "pause for a while" or "allow")))
        {
            Broken.Enqueue($"{told} {answer.Body}");
        }
    }

    /// <summary>Further sessions that are opened, used and ended.</summary>
    private async Task ComeAndGoAsync(ChaosUser user, Random random, CancellationToken stopping)
    {
        var router = Routers.First(router => router.Owner == user);
        while (!stopping.IsCancellationRequested)
        {
            await RestAsync(random.Next(200, 900));
            var login = await stack.SendAsync(random, HttpMethod.Post, "auth/login", null, new { email = user.Email, password = Password });
            if (login is not { Status: 200 })
            {
                continue;
            }

            var token = login.Text("accessToken")!;
            await stack.SendAsync(random, HttpMethod.Post, $"routers/{router.RouterId}/scan", token);
            if (await stack.SendAsync(random, HttpMethod.Post, "auth/logout", token) is { Status: 204 })
            {
                LoggedOut.Enqueue(token);
                if (await stack.SendAsync(random, HttpMethod.Get, "me", token) is { Status: 200 })
                {
                    Broken.Enqueue("a token worked after its logout was acknowledged");
                }
            }
        }
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>
    /// Prepares one thing. A call without an answer, or which the Commands-Server did not answer in time, is repeated: a machine that has
    /// much else to do can lose one.
    /// </summary>
    private Task<ChaosAnswer> DemandAsync(Random random, string path, string? token, object? body, params int[] statuses) =>
        DemandAsync(path, statuses, () => stack.SendAsync(random, HttpMethod.Post, path, token, body));

    /// <summary>Prepares what has a name, and gives its id. Where the answer was lost, what was made is taken: it can't, or must not, be made twice.</summary>
    private async Task<Guid> DemandNamedAsync(Random random, string path, string token, string name, object body)
    {
        var isRepeat = false;
        var answer = await DemandAsync(path, [201], MakeAsync);
        return answer.Body.GetProperty("id").GetGuid();

        async Task<ChaosAnswer?> MakeAsync()
        {
            if (isRepeat)
            {
                var listed = await stack.SendAsync(random, HttpMethod.Get, path, token);
                if (listed is not { Status: 200 })
                {
                    return listed;
                }

                foreach (var item in listed.Body.GetProperty("items").EnumerateArray())
                {
                    if (item.GetProperty("name").GetString() == name)
                    {
                        return new ChaosAnswer(201, item);
                    }
                }
            }

            var made = await stack.SendAsync(random, HttpMethod.Post, path, token, body);
            // The first request may have been carried out since the list was read.
            var answer = isRepeat && made is { Status: 409 } ? null : made;
            isRepeat = true;
            return answer;
        }
    }

    private static async Task<ChaosAnswer> DemandAsync(string path, int[] statuses, Func<Task<ChaosAnswer?>> sendAsync)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await sendAsync();
            if (answer is { Status: not (502 or 503 or 504) } || attempt == 10)
            {
                return answer is { Status: var status } && statuses.Contains(status)
                    ? answer
                    : throw new InvalidOperationException($"The preparation ({path}) got {answer}, not {string.Join(" or ", statuses)}.");
            }

            await RestAsync(500);
        }
    }

    public static async Task RestAsync(int milliseconds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(milliseconds));
        await timer.WaitForNextTickAsync(CancellationToken.None);
    }
}

namespace NetPilot.Identity.Mails;

/// <summary>The queue of mails that reset a password, in PostgreSQL.</summary>
internal sealed class ResetMails(NpgsqlDataSource database, IDbContextFactory<IdentityDbContext> contexts, TimeProvider time)
{
    /// <summary>The lease of a mail. A delivery is over sooner (<see cref="MailWorker.Deadline"/>).</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(3);

    /// <summary>Adds a mail to the queue, up to the limit of its address. The statements are the same whether or not there is an account.</summary>
    public async Task EnqueueAsync(string email, CancellationToken cancellationToken)
    {
        await using var batch = EnqueueMail.AddTo(database.CreateBatch(), time.NewId(), email, time.UtcNow());
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A mail that is due, leased to the caller; null if none is due.</summary>
    public async Task<ResetMail?> TakeAsync(CancellationToken cancellationToken)
    {
        var now = time.UtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return (
            await TakeDueMail.From(db, new Lease(now, now + LeaseTime)).AsNoTracking().ToListAsync(cancellationToken)
        ).SingleOrDefault();
    }

    /// <summary>The user who may receive the mail; null if there is none.</summary>
    public async Task<User?> FindRecipientAsync(ResetMail mail, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.UsersByEmail(mail.Email)
            .AsNoTracking()
            .SingleOrDefaultAsync(user => user.DisabledAt == null && user.DeletedAt == null, cancellationToken);
    }

    /// <summary>Closes a mail. Its row stays for the limit. Does nothing if the lease was lost.</summary>
    public Task CloseAsync(ResetMail mail) => SetDueAsync(mail, null);

    /// <summary>Puts a mail off. Does nothing if the lease was lost.</summary>
    public Task PostponeAsync(ResetMail mail, TimeSpan wait) => SetDueAsync(mail, time.UtcNow() + wait);

    private async Task SetDueAsync(ResetMail mail, DateTimeOffset? due)
    {
        await using var db = await contexts.CreateDbContextAsync();
        await db
            .ResetMails.Where(row => row.Id == mail.Id && row.DueAt == mail.DueAt)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DueAt, due));
    }
}

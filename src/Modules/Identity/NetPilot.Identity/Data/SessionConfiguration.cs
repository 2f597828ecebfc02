using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NetPilot.Persistence;

namespace NetPilot.Identity.Data;

// The unique index that lets one maintenance session live at a time is in the migration: EF knows no indexes over a constant.
internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable(
            "sessions",
            table =>
            {
                table.HasCheckConstraint("ck_sessions_commands_state", SnakeCase.Check<CommandsState>("commands_state"));
                table.HasCheckConstraint("ck_sessions_end_reason", SnakeCase.Check<SessionEndReason>("end_reason"));
                // One way only: who ends a session by hand in the database has done enough with ended_at, the sweeper adds the rest.
                table.HasCheckConstraint("ck_sessions_ended", "ended_at IS NOT NULL OR end_reason IS NULL");
                table.HasCheckConstraint("ck_sessions_ended_state", "ended_at IS NOT NULL OR commands_state NOT IN ('ending', 'ended')");
                table.HasCheckConstraint("ck_sessions_end_due", "(end_due_at IS NOT NULL) = (commands_state = 'ending')");
            }
        );
        builder.Property(session => session.Id).ValueGeneratedNever();
        builder.Property(session => session.EndAttempts).HasDefaultValue(0);
        builder.Property(session => session.CommandsRouterId).HasMaxLength(128);
        builder.Property(session => session.UserAgent).HasMaxLength(255);
        builder.HasIndex(session => session.CommandsSessionId).IsUnique();
        // What the sweeper and an ended session's row keep must outlive the user.
        builder.HasOne<User>().WithMany().HasForeignKey(session => session.UserId).OnDelete(DeleteBehavior.SetNull);
        builder
            .HasIndex(session => new
            {
                session.UserId,
                session.CreatedAt,
                session.Id,
            })
            .IsDescending(false, true, true);
        builder.HasIndex(session => session.EndDueAt).HasFilter("commands_state = 'ending'");
        builder.HasIndex(session => session.ExpiresAt).HasFilter("ended_at IS NULL");
        builder.HasIndex(session => session.StartUntil).HasFilter("commands_state = 'starting'");
        // Almost empty: what the sweeper adopts.
        builder.HasIndex(session => session.Id).HasFilter("ended_at IS NOT NULL AND commands_state NOT IN ('ending', 'ended')");
        builder.HasIndex(session => session.EndedAt).HasFilter("ended_at IS NOT NULL AND commands_state <> 'ending'");
    }
}

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NetPilot.Persistence;
using NetPilot.Routers.Contracts;

namespace NetPilot.Routers.Data;

internal sealed class RecordedCommandConfiguration : IEntityTypeConfiguration<RecordedCommand>
{
    public void Configure(EntityTypeBuilder<RecordedCommand> builder)
    {
        builder.ToTable(
            "router_commands",
            table =>
            {
                table.HasCheckConstraint("ck_router_commands_kind", SnakeCase.Check<RouterActivityKind>("kind"));
                table.HasCheckConstraint("ck_router_commands_outcome", SnakeCase.Check<RouterActivityOutcome>("outcome"));
            }
        );
        builder.Property(command => command.Kind).HasConversion(new SnakeCaseConverter<RouterActivityKind>());
        builder.Property(command => command.Outcome).HasConversion(new SnakeCaseConverter<RouterActivityOutcome>());
        builder
            .HasIndex(command => new
            {
                command.RouterId,
                command.StartedAt,
                command.Id,
            })
            .IsDescending(false, true, true);
        builder
            .HasIndex(command => new
            {
                command.RouterId,
                command.Kind,
                command.StartedAt,
                command.Id,
            })
            .IsDescending(false, false, true, true);
        // For the purge: rows come in the order of their time, so a few pages of index serve the whole table.
        builder.HasIndex(command => command.StartedAt).HasMethod("brin");
    }
}

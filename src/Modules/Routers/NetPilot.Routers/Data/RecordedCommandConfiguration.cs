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
                table.HasCheckConstraint("ck_router_commands_kind", $"kind IN ({Quoted<RouterActivityKind>()})");
                table.HasCheckConstraint("ck_router_commands_outcome", $"outcome IN ({Quoted<RouterActivityOutcome>()})");
            }
        );
        builder.Property(command => command.Kind).HasConversion(SnakeCase.Converter<RouterActivityKind>());
        builder.Property(command => command.Outcome).HasConversion(SnakeCase.Converter<RouterActivityOutcome>());
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

    private static string Quoted<T>()
        where T : struct, Enum => string.Join(", ", SnakeCase.All<T>().Select(name => $"'{name}'"));
}

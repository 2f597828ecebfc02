using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NetPilot.Identity.Contracts;
using NetPilot.Persistence;

namespace NetPilot.Identity.Data;

// The unique index on lower(email), and the one that serves the search for its beginning, are in the migration: EF knows no expressions.
// So are the triggers that keep the last admin.
internal sealed class UserConfiguration : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable(
            "users",
            table =>
            {
                table.HasCheckConstraint("ck_users_tier", SnakeCase.Check<UserTier>("tier"));
                table.HasCheckConstraint("ck_users_role", SnakeCase.Check<UserRole>("role"));
            }
        );
        builder.Property(user => user.Id).ValueGeneratedNever();
        builder.Property(user => user.Email).HasMaxLength(User.MaxEmail);
        builder.Property(user => user.FullName).HasMaxLength(User.MaxFullName);
        builder.Property(user => user.PasswordVersion).HasDefaultValue(0);
        builder.HasIndex(user => new { user.CreatedAt, user.Id }).IsDescending();
    }
}

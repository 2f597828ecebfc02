namespace NetPilot.Blacklist.Commands;

/// <summary>How a command ended: the row as it is, and why that is not what was asked for.</summary>
internal sealed record CommandEnd(Rule? Rule, Problem? Problem = null, RuleAnswerKind Kind = RuleAnswerKind.Done)
{
    /// <summary>What is left to do when the turn's other commands have been sent; null: it has ended.</summary>
    public Func<Task<CommandEnd>>? Rest { get; init; }

    /// <summary>The router was given up meanwhile, and its rows with it.</summary>
    public static CommandEnd NoRouter { get; } = new(null, Problem.RouterNotFound());

    /// <summary>No turn came in time; the row as it is then.</summary>
    public static CommandEnd NoTurn(Rule? rule) => rule is null ? NoRouter : new(rule, Problem.RouterBusy());

    /// <summary>Something else has ended the row, and not what was asked for.</summary>
    public static CommandEnd LookAgain(Rule rule) => new(rule, null, RuleAnswerKind.LookAgain);

    /// <summary>The row is not what was asked for, and says why.</summary>
    public static CommandEnd Failed(Rule rule) => new(rule, RuleProblems.Of(rule));

    public static CommandEnd Of(RowAfterCall outcome, RuleState wanted) =>
        outcome switch
        {
            { Failure: { } failure } => new(outcome.Rule, failure.ToProblem()),
            { WasThere: true, Rule: { } other } => new(other, null, RuleAnswerKind.Already),
            { Rule: null } => NoRouter,
            { Rule: { State: RuleState.Lifting } waiting } when wanted == RuleState.Lifted => new(waiting, null, RuleAnswerKind.UnderWay),
            { Rule: { } rule } when rule.State == wanted => new(rule),
            // A later turn has written the row already: the answer came too late to count.
            { Rule: { } rule } => Failed(rule),
        };

    public RuleAnswer Value() => Problem is null ? new RuleAnswer(Rule!, Kind) : throw new ProblemException(Problem);
}

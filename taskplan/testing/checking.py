"""Is a way to split fair? Searched with hypothesis, property by property, to the smallest counterexample.

Whoever wants to know calls `search`, whoever wants a test to fail calls `assert_fair`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from taskplan.allocation.problem import Problem, Strategy
from taskplan.errors import InfeasibleError, InputError, MissingExtraError
from taskplan.testing.answers import Testable, as_strategy
from taskplan.testing.patience import SECONDS, OutOfPatience, patience
from taskplan.testing.probing import Pool, Taken, taken_by
from taskplan.testing.properties import (
    MalformedAnswerError,
    NothingSaidError,
    Property,
    properties_named,
)
from taskplan.testing.properties.base import ask
from taskplan.testing.showing import literal, problem_table

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Status = Literal["holds", "fails", "not taken"]
Progress = Callable[[int, int], None]

MOST_ITEMS = 60
MOST_ITEMS_OF_THEIR_OWN = 12
"""Problems whose items differ take longer to draw, and need no more items to show what they show."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one property.

    `examples` counts the problems that the strategy answered and of which the
    property says something. `problem` is the smallest counterexample and `sentence`
    what is wrong with it; where the property was never applied, `sentence` says why.
    """

    property: Property
    status: Status
    examples: int
    problem: Problem | None = None
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of a strategy, property by property."""

    strategy: str
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The properties that fail."""
        return tuple(finding for finding in self.findings if finding.status == "fails")

    @property
    def never_applied(self) -> bool:
        """True where the strategy took no problem of which any property says something."""
        return all(finding.status == "not taken" for finding in self.findings)


def assert_fair(
    strategy: Testable,
    *,
    properties: Iterable[str] | None = None,
    problems: SearchStrategy[Problem] | Iterable[Problem] | None = None,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """Search for a problem that a strategy does not split fairly; AssertionError with the smallest one.

    `strategy` is a strategy, a class of one, the name of an installed one, or a plain
    function (see `taskplan.testing.answers.FunctionStrategy`). `properties` are names
    from `PROPERTIES`, all by default. `problems` is a hypothesis strategy or a list; by
    default all kinds of problem that the strategy takes. The search is the same each
    time for the same `seed`, tries up to `max_examples` problems a property, and keeps
    nothing on disk. A property that is asked for by name and never applied fails too,
    and so does a strategy that takes nothing. NotFoundError for unknown names.
    """
    asked = properties_named(properties)
    solver = as_strategy(strategy)
    pool = problems if problems is None or not isinstance(problems, Iterable) else list(problems)
    findings: list[Finding] = []
    for found in asked:
        report = search(solver, properties=[found.name], problems=pool, max_examples=max_examples, seed=seed)
        findings += report.findings
        if report.failures:
            raise AssertionError(failure_text(report.failures[0], report.strategy, solver))
    idle = [finding for finding in findings if finding.status == "not taken"]
    if idle and (properties is not None or len(idle) == len(findings)):
        said = idle[0]
        raise AssertionError(f"{said.property.name} was never applied to {_name(solver)}: {said.sentence}")


def search(
    strategy: Testable,
    *,
    properties: Iterable[str] | None = None,
    problems: SearchStrategy[Problem] | Iterable[Problem] | None = None,
    max_examples: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Return for every property whether it holds, with how many examples, or the smallest counterexample.

    The parameters are those of `assert_fair`; `progress` is told how many of how many
    properties are done.
    """
    asked = properties_named(properties)
    solver = as_strategy(strategy)
    pool = problems if problems is None or not isinstance(problems, Iterable) else list(problems)
    taken = taken_by(solver) if pool is None else None
    findings = []
    for done, found in enumerate(asked):
        if progress is not None:
            progress(done, len(asked))
        findings.append(_search_one(solver, found, pool, taken, max_examples, seed))
    return Report(_name(solver), tuple(findings))


def failure_text(finding: Finding, name: str, strategy: Strategy) -> str:
    """Return what a failing test shows: the property, what is wrong, the problem, and how to run it again."""
    assert finding.problem is not None
    return "\n".join(
        [
            f"{name} fails {finding.property.name}: {finding.sentence}",
            f"  {finding.property.name}: {finding.property.definition}",
            f"  source: {finding.property.source}",
            *(f"  {line}" for line in counterexample(finding.problem, strategy)),
            f"  again: {again(finding)}",
        ]
    )


def counterexample(problem: Problem, strategy: Strategy) -> list[str]:
    """Return the lines of the table of a problem and of what the strategy makes of it."""
    try:
        with patience(SECONDS):
            answer = ask(strategy, problem)
    except (AssertionError, InputError, InfeasibleError, OutOfPatience):
        answer = None
    return problem_table(problem, answer)


def again(finding: Finding) -> str:
    """Return the code that tries the counterexample again."""
    assert finding.problem is not None
    problem = literal(finding.problem)
    return f'assert_fair(…, properties=["{finding.property.name}"], problems=[{problem}])'


def _name(strategy: Strategy) -> str:
    return str(getattr(strategy, "name", type(strategy).__name__))


class _Trial:
    """Tries problems on one property, counts, and remembers the last failure, which is the smallest."""

    def __init__(self, strategy: Strategy, found: Property) -> None:
        self.strategy, self.property = strategy, found
        self.examples = 0
        self.failure: tuple[Problem, str] | None = None
        self.refusal: str | None = None
        self.hung: tuple[Problem, str] | None = None

    def fails(self, problem: Problem) -> bool:
        """Try a problem; what the strategy refuses, or the property says nothing of, does not fail."""
        if not self.property.applies(problem):
            return False
        try:
            with patience(SECONDS):
                self.property.check(self.strategy, problem)
        except OutOfPatience:
            self.hung = (problem, f"it did not answer within {SECONDS:g} s")
            raise
        except (InputError, InfeasibleError) as error:
            self.refusal = str(error)
            return False
        except (NothingSaidError, MalformedAnswerError) as error:
            self.refusal = str(error) or "there is nothing in its answers to check"
            return False
        except AssertionError as error:
            self.failure = (problem, str(error))
        self.examples += 1
        return self.failure is not None and self.failure[0] is problem

    @property
    def is_over(self) -> bool:
        """True where a problem has failed, or was never answered."""
        return self.failure is not None or self.hung is not None

    def try_all(self, problems: Iterable[Problem]) -> None:
        """Try problems until one fails, or is not answered."""
        with suppress(OutOfPatience):
            any(self.fails(problem) for problem in problems)

    def finding(self, reason: str) -> Finding:
        """Return what the trials have shown; `reason` says why there were none."""
        if self.failure is not None:
            return Finding(self.property, "fails", self.examples, *self.failure)
        if self.hung is not None:
            # One property is enough to tell it.
            status: Status = "fails" if self.property.name == "coverage" else "not taken"
            return Finding(self.property, status, self.examples, *self.hung)
        if self.examples:
            return Finding(self.property, "holds", self.examples)
        return Finding(self.property, "not taken", 0, None, self.refusal or reason)


def _search_one(
    strategy: Strategy,
    found: Property,
    pool: SearchStrategy[Problem] | Sequence[Problem] | None,
    taken: Taken | None,
    max_examples: int,
    seed: int,
) -> Finding:
    trial = _Trial(strategy, found)
    if isinstance(pool, Sequence):
        trial.try_all(pool)
        return trial.finding("it says nothing of any of these problems")
    if pool is None:
        assert taken is not None
        about = taken.about(found)
        if about is None:
            return Finding(found, "not taken", 0, None, taken.refusal(found))
        trial.try_all(taken.edges(found))
        if trial.is_over:
            return trial.finding("")
        # Only what is searched counts as found to hold.
        trial.examples = 0
        pool = _drawn(about)
    _find(pool, trial, max_examples, seed)
    return trial.finding("it says nothing of any problem that was drawn")


def _drawn(pool: Pool) -> SearchStrategy[Problem]:
    """Return problems from a pool, the plainest first, to which the others shrink."""
    _need_hypothesis()
    from hypothesis import strategies as st

    from taskplan.testing.strategies import problems

    each: list[SearchStrategy[Problem]] = []
    for features in pool.features:
        switches: dict[str, Any] = dict.fromkeys(features, True)
        most = MOST_ITEMS_OF_THEIR_OWN if switches else MOST_ITEMS
        each.append(problems(kinds=pool.orderings, shares=pool.shares, max_items=most, **switches))
    return st.one_of(each)


def _find(pool: SearchStrategy[Problem], trial: _Trial, max_examples: int, seed: int) -> None:
    """Let hypothesis look for a failing problem and shrink it; the trial remembers what was found."""
    _need_hypothesis()
    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis.errors import Flaky, NoSuchExample, Unsatisfiable

    looking = settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    # Flaky: a strategy with moods; the last failure seen stands, though it may not be the smallest.
    # Out of patience: shrinking would wait as long for every smaller problem.
    with suppress(NoSuchExample, Unsatisfiable, Flaky, OutOfPatience):
        find(pool, trial.fails, settings=looking, random=Random(seed))


def _need_hypothesis() -> None:
    try:
        import hypothesis  # noqa: F401 - only asked for
    except ImportError as error:
        raise MissingExtraError("taskplan.testing", "testing") from error

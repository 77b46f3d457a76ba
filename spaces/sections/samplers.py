"""The samplers of the search section: how the next configuration is chosen."""

from typing import Annotated

from pydantic import Field

from cnnsearch.spaces.sections.numbers import Positive
from cnnsearch.spaces.sections.section import Branches, Section

Several = Annotated[int, Field(ge=2)]


class Random(Section):
    """By chance alone, each value evenly over its range."""


class Grid(Section):
    """All of them, one after the other, in a fixed order; every range needs steps."""


class Qmc(Section):
    """By a scrambled Sobol sequence (Bergstra and Bengio 2012), which leaves fewer gaps than chance does."""


class Gp(Section):
    """Bayesian optimisation: a Gaussian process of the ranks of the trials so far, and the largest expected improvement
    (arXiv:2310.20708), branches included."""

    startup: Positive = 5
    """Trials by chance before it looks at any."""


class Tpe(Section):
    """Tree-structured Parzen estimator (Bergstra et al. 2011): where good trials are denser than others, branch by
    branch."""

    startup: Positive = 10
    """Trials by chance before it looks at any."""


class Cmaes(Section):
    """CMA-ES (arXiv:1604.00772) over the numbers that every trial has; everything else is drawn by chance. Wants
    `pip install 'cnnsearch[cmaes]'`."""

    startup: Positive = 1
    """Trials by chance before it looks at any."""


class Genetic(Section):
    """NSGA-II (Deb et al. 2002): crosses and mutates the best of a generation."""

    population: Several = 20
    """Trials of a generation."""


class Genetic3(Genetic):
    """NSGA-III (Deb and Jain 2014): NSGA-II for many objectives."""


class Evolution(Section):
    """Regularized evolution (arXiv:1802.01548): changes one value of the best of some young trials."""

    population: Several = 20
    """The youngest trials, from which parents come; so many are drawn by chance first."""
    tournament: Several = 5
    """Trials picked out of them by chance, of which the best is the parent."""


class Local(Section):
    """Local search (arXiv:2005.02960): the neighbours of the best trial, one value apart; then of the next best."""

    startup: Positive = 5
    """Trials by chance before it looks at any."""


class Sampler(Branches):
    """How the next configuration is chosen: one of these."""

    gp: Gp | None = None
    tpe: Tpe | None = None
    random: Random | None = None
    grid: Grid | None = None
    qmc: Qmc | None = None
    evolution: Evolution | None = None
    local: Local | None = None
    cmaes: Cmaes | None = None
    nsga2: Genetic | None = None
    nsga3: Genetic3 | None = None

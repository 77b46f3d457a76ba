"""Non-dominated sorting: which front each of several points lies on, where less is better in every coordinate."""

from collections.abc import Sequence

Point = tuple[float, ...]


def dominates(one: Point, other: Point) -> bool:
    """Whether a point is as good as another one everywhere, and better somewhere."""
    return one != other and all(mine <= theirs for mine, theirs in zip(one, other, strict=True))


def fronts(points: Sequence[Point]) -> list[int]:
    """For each point the number of its front, from 0: the points that nothing dominates once earlier fronts are gone.

    Zhang et al., "An Efficient Approach to Nondominated Sorting", 2015: in lexicographic order a point is dominated by
    earlier ones only, and a front has a member that dominates it exactly where all fronts before have one, so the first
    front without is found by halving.
    """
    found = [0] * len(points)
    members: list[list[Point]] = []
    for index in sorted(range(len(points)), key=points.__getitem__):
        point = points[index]
        low, high = 0, len(members)
        while low < high:
            middle = (low + high) // 2
            if _is_dominated(point, members[middle]):
                low = middle + 1
            else:
                high = middle
        if low == len(members):
            members.append([])
        members[low].append(point)
        found[index] = low
    return found


def _is_dominated(point: Point, front: Sequence[Point]) -> bool:
    """Whether a front has a member that dominates a later point; with two coordinates its last member tells."""
    if len(point) <= 2:
        return dominates(front[-1], point)
    return any(dominates(member, point) for member in reversed(front))

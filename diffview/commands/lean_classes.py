"""Dataclasses made in half of the time, for a process that is this program's alone.

`dataclass` writes the source of up to six methods of every class and compiles each: a tenth of the start of the window.
All but __init__ say the same of every class but for the names of its fields: they are closures here.
"""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from dataclasses import Field, FrozenInstanceError
from operator import attrgetter
from typing import Any

Fields = Sequence[Field[Any]]
Method = Callable[..., Any]


def share_methods() -> None:
    """Make dataclasses so from now on; from Python 3.13 on, which compiles all methods of a class at once, as usual."""
    if sys.version_info < (3, 13):
        own = vars(dataclasses)
        own.update(_repr_fn=_repr, _hash_fn=_hash, _frozen_get_del_attr=_frozen, _cmp_fn=_comparison(own["_cmp_fn"]))


def _values(names: Sequence[str]) -> Method:
    """What gives the values of these attributes of an object, as a tuple."""
    if len(names) == 1:
        one = attrgetter(names[0])
        return lambda of: (one(of),)
    return attrgetter(*names) if names else lambda of: ()


def _repr(fields: Fields, _: object) -> Method:
    names = [field.name for field in fields]

    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    whole: Method = vars(dataclasses)["_recursive_repr"](__repr__)
    return whole


def _hash(fields: Fields, _: object) -> Method:
    values = _values([field.name for field in fields])

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __hash__


def _frozen(cls: Any, fields: Fields, _: object) -> tuple[Method, Method]:
    names = {field.name for field in fields}

    def __setattr__(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return __setattr__, __delattr__


def _comparison(generated: Method) -> Method:
    """What makes __eq__, told the source "(self.a,self.b,)" of what is compared; those of an order stay generated."""

    def make(name: str, op: str, own: str, other: str, globals: object) -> Method:
        if name != "__eq__":
            of_order: Method = generated(name, op, own, other, globals=globals)
            return of_order
        values = _values([part.removeprefix("self.") for part in own.strip("()").split(",") if part])

        def __eq__(self: Any, theirs: Any) -> bool:
            return values(self) == values(theirs) if theirs.__class__ is self.__class__ else NotImplemented

        return __eq__

    return make

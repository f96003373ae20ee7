"""Invitations into the team: a secret that makes one person a member once, until it expires or is taken back.

Only the secret's hash is kept, so that reading the database invites nobody. Everything is in custody.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from core.clock import from_ms, to_ms
from core.model import Member, Role
from storage import custody, members
from storage.database import Reader, Row, Tx
from storage.members import actor


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation: what it grants, who made it, and what became of it."""

    invite_id: int
    role: Role
    made_by: str
    expires_at: datetime
    used_by: int | None = None
    revoked: bool = False

    def stands(self, now: datetime) -> bool:
        """Whether it still makes somebody a member."""
        return self.used_by is None and not self.revoked and now < self.expires_at


async def make(tx: Tx, secret: str, role: Role, member: Member, at: datetime, expires_at: datetime) -> Invite:
    """Invite somebody who is not known yet, by a secret that the maker hands over."""
    row = await tx.one(
        """
        INSERT INTO invite (secret, role, made_by, user_id, made_at, expires_at)
        VALUES (:secret, :role, :made_by, :user_id, :at, :expires) RETURNING *
        """,
        secret=_hash(secret),
        role=int(role),
        made_by=member.name,
        user_id=member.user_id,
        at=to_ms(at),
        expires=to_ms(expires_at),
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    made = _invite(row)
    subject = f"invite/{made.invite_id}"
    await custody.record(tx, "invite.made", subject, actor(member), at, role=role.name, expires=expires_at.isoformat())
    return made


async def by_secret(reader: Reader, secret: str) -> Invite | None:
    """The invitation that this secret belongs to, whatever became of it."""
    row = await reader.one("SELECT * FROM invite WHERE secret = :secret", secret=_hash(secret))
    return _invite(row) if row else None


async def standing(reader: Reader, now: datetime) -> tuple[Invite, ...]:
    """The invitations that somebody may still use, the oldest first."""
    rows = await reader.all(
        "SELECT * FROM invite WHERE used_by IS NULL AND revoked_at IS NULL AND expires_at > :now ORDER BY invite_id",
        now=to_ms(now),
    )
    return tuple(_invite(row) for row in rows)


async def use(tx: Tx, invite: Invite, user_id: int, name: str, at: datetime) -> Member | None:
    """Make somebody a member under a name that nobody else has; nothing when the invitation does not stand."""
    taken = await tx.run(
        """
        UPDATE invite SET used_by = :user, used_at = :at
        WHERE invite_id = :id AND used_by IS NULL AND revoked_at IS NULL AND expires_at > :at
        """,
        id=invite.invite_id,
        user=user_id,
        at=to_ms(at),
    )
    if not taken:
        return None
    joined = Member(user_id, await _free_name(tx, name, user_id), invite.role)
    await members.admit(tx, joined, at)
    subject = f"invite/{invite.invite_id}"
    await custody.record(tx, "invite.used", subject, actor(joined), at, role=invite.role.name, made_by=invite.made_by)
    return joined


async def revoke(tx: Tx, invite_id: int, member: Member, at: datetime) -> bool:
    """Take an invitation back; false when it was used or taken back already."""
    taken = await tx.run(
        """
        UPDATE invite SET revoked_at = :at, revoked_by = :member
        WHERE invite_id = :id AND used_by IS NULL AND revoked_at IS NULL
        """,
        id=invite_id,
        at=to_ms(at),
        member=member.name,
    )
    if taken:
        await custody.record(tx, "invite.revoked", f"invite/{invite_id}", actor(member), at)
    return bool(taken)


async def _free_name(reader: Reader, wanted: str, user_id: int) -> str:
    """Names tell people apart in histories and claims, so nobody joins under another's."""
    taken = {one.name.casefold() for one in await members.members(reader) if one.user_id != user_id}
    name, number = wanted, 2
    while name.casefold() in taken:
        name, number = f"{wanted} {number}", number + 1
    return name


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _invite(row: Row) -> Invite:
    return Invite(
        row["invite_id"],
        Role(row["role"]),
        row["made_by"],
        from_ms(row["expires_at"]),
        row["used_by"],
        row["revoked_at"] is not None,
    )

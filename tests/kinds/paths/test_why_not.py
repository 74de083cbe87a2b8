"""What is in the way, layer by layer."""

from __future__ import annotations

from analyzers.kinds.paths.blockers import WhyNot, why_not
from analyzers.kinds.paths.summary import effective
from analyzers.kinds.paths.target import Level
from analyzers.kinds.population import Member
from tests.kinds.paths.planted import BUCKET, HERE, THERE, Planted, allow, arn, deny, document, user

READ = "s3:GetObject"
READS = allow(READ, f"{BUCKET}/*")


def ask(member: Member, *actions: str, **more: object) -> WhyNot:
    planted = Planted([member], **more)  # type: ignore[arg-type]
    return why_not(planted.world.caller(member.arn), planted.target(*(actions or (READ,))), planted.asking)


def layers(found: WhyNot) -> set[str]:
    return {obstacle.layer for obstacle in found.obstacles}


def test_a_yes_has_a_witness() -> None:
    found = ask(user("one", READS))
    assert found.reply.truth
    assert found.request.action == READ
    assert found.obstacles == ()


def test_nobody_says_anything() -> None:
    found = ask(user("one"))
    assert found.reply.truth is False
    assert found.proved
    assert layers(found) >= {"identity"}
    assert "No policy of the caller allows it." in [obstacle.sentence for obstacle in found.obstacles]
    assert found.advice is not None
    assert found.advice.to_allow


def test_every_layer_in_the_way_is_named() -> None:
    """The solver's smallest set would name one of them."""
    fence = document(allow("*"), {**deny("s3:Get*"), "Sid": "Fence"})
    lock = document({"Sid": "Lock", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{BUCKET}/*"})
    found = ask(user("one", READS, boundary=document(allow("sqs:*"))), scps={HERE: fence}, policy=lock)
    assert layers(found) >= {"scp:root", "boundary", "resource"}
    cited = {obstacle.cited.sid for obstacle in found.obstacles if obstacle.cited}
    assert cited == {"Fence", "Lock"}
    assert all(obstacle.sure for obstacle in found.obstacles)


def test_another_account_needs_both() -> None:
    assert layers(ask(user("far", READS, account=THERE))) == {"resource"}
    open_ = document({"Effect": "Allow", "Principal": {"AWS": THERE}, "Action": READ, "Resource": f"{BUCKET}/*"})
    assert layers(ask(user("far", account=THERE), policy=open_)) == {"identity"}
    assert ask(user("far", READS, account=THERE), policy=open_).reply.truth


def test_what_is_not_known_is_said() -> None:
    found = ask(user("one", unknown=("Missing",)))
    assert found.reply.truth is None
    assert not found.proved
    assert any("Missing" in obstacle.sentence and not obstacle.sure for obstacle in found.obstacles)


def test_a_summary_by_account_and_level() -> None:
    found = effective(
        [
            (arn("user", "one"), ["s3:GetObject", "s3:DeleteObject"]),
            (arn("role", "two", THERE), ["s3:Put*"]),
            (arn("user", "one"), ["s3:ListBucket"]),
        ]
    )
    assert found.counts == {Level.READ: 1, Level.WRITE: 1, Level.DELETE: 1, Level.ADMINISTER: 1}
    assert found.accounts[HERE][Level.READ] == (arn("user", "one"),)
    assert set(found.accounts[THERE]) == {Level.WRITE, Level.ADMINISTER}
    one = next(held for held in found.held if held.principal == arn("user", "one"))
    assert one.levels[Level.READ] == ("s3:GetObject", "s3:ListBucket")
    assert effective([]).held == ()

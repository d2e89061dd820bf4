"""What the database itself refuses: changing or deleting an entry, a seal or a checkpoint.

A guard is not what the log's soundness rests on (whoever owns the database can drop it); it stops mistakes and ordinary
accounts. That it is there is part of every check.
"""

from __future__ import annotations

from typing import Any

KEPT = ("audit_entry", "audit_seal", "audit_checkpoint")  # rows are only added
MESSAGE = "the audit log is append-only"


def install(connection: Any) -> None:
    """Create the triggers that are not there."""
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            cursor.execute(statement)


def install_queue(connection: Any) -> None:
    """Create the trigger alone that queues new entries for sealing."""
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            if "audit_queue" in statement or "audit_entry_queue" in statement:
                cursor.execute(statement)


def remove(connection: Any) -> None:
    """Drop the triggers: before a migration is undone, and in tests."""
    with connection.cursor() as cursor:
        for name, table in _names(connection.vendor):
            where = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION IF EXISTS audit_refuse()")
            cursor.execute("DROP FUNCTION IF EXISTS audit_queue()")


def missing(connection: Any) -> list[str]:
    """The names of triggers that should be there and are not, or are switched off."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = {row[0] for row in cursor.fetchall()}
    return sorted(name for name, _ in _names(connection.vendor) if name not in found)


def _names(vendor: str) -> list[tuple[str, str]]:
    acts = ("update", "delete", "truncate") if vendor == "postgresql" else ("update", "delete")
    guards = [(f"{table}_no_{act}", table) for table in KEPT for act in acts]
    return [*guards, ("audit_private_no_update", "audit_private"), ("audit_entry_queue", "audit_entry")]


def _statements(vendor: str) -> list[str]:
    return _postgresql() if vendor == "postgresql" else _sqlite()


def _sqlite() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    queue = "BEGIN INSERT INTO audit_pending (entry_id) VALUES (NEW.id); END"
    found = []
    for name, table in _names("sqlite"):
        if name.endswith("_queue"):
            found.append(f"CREATE TRIGGER IF NOT EXISTS {name} AFTER INSERT ON {table} {queue}")
        else:
            act = name.rsplit("_", 1)[1].upper()
            found.append(f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {act} ON {table} {refuse}")
    return found


def _postgresql() -> list[str]:
    found = [
        f"CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$",
        "CREATE OR REPLACE FUNCTION audit_queue() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO audit_pending (entry_id) VALUES (NEW.id); RETURN NULL; END $$",
    ]
    for name, table in _names("postgresql"):
        found.append(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        if name.endswith("_queue"):
            found.append(f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION audit_queue()")
        else:
            act = name.rsplit("_", 1)[1].upper()
            each = "STATEMENT" if act == "TRUNCATE" else "ROW"
            found.append(
                f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH {each} EXECUTE FUNCTION audit_refuse()"
            )
    return found

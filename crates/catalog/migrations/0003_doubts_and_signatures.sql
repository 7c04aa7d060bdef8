-- Additive only.

-- Where a copy lies and on what, noted when it was made: a drive that is not connected is told from a copy that was removed.
create table copy_place (
    copy   text primary key references copy (id),
    volume text not null,
    media  text                    -- kind of medium, where the system tells it
) strict;

-- Why a copy is no longer what was proven. Lifted only by a whole verification.
create table copy_doubt (
    copy  text primary key references copy (id),
    words text not null,
    at    text not null
) strict;

-- What a named person signed for.
create table sign_off (
    card text not null references card (id),
    what text not null,
    copy text not null default '', -- for `away`
    by   text not null,
    at   text not null,
    note text not null default '',
    primary key (card, what, copy)
) strict, without rowid;

-- What is searched for, cut to what a search compares: letters and digits in small letters, times of the day in ticks.
create table clip_index (
    card     text not null references card (id),
    position integer not null,
    seen_at  text not null,        -- of the card, so that no other row is read to put clips in order
    name     text not null,        -- as the clip is called, small letters
    words    text not null,        -- what free words are looked for in, small letters
    reel     text not null,
    scene    text not null,
    take     text not null,        -- without leading zeros
    letter   text not null,
    model    text not null,        -- letters and digits only, as the next three
    mode     text not null,
    codec    text not null,
    squeeze  text not null,        -- a decimal, `1` for spherical
    day      text not null,        -- of recording, YYYY-MM-DD
    picture  integer not null,     -- 1 for moving picture
    uid      text not null,        -- the camera's own id of the clip
    essence  text not null,        -- path of the first essence
    bytes    integer not null,     -- its size
    files    text not null,        -- paths in small letters, one a line; of a sequence the first
    frames   text not null,        -- of a sequence: file name with # for the number, small letters
    first_frame integer,
    last_frame  integer,
    nominal  integer,              -- counting base of its timecode
    tc_from  integer,              -- ticks since midnight
    tc_to    integer,              -- exclusive, beyond a day where it runs over midnight
    primary key (card, position)
) strict, without rowid;
create index clip_index_reel on clip_index (reel);
create index clip_index_name on clip_index (name);
create index clip_index_uid on clip_index (uid) where uid <> '';

-- Which project a card belongs to: what was set when it was first seen.
create table card_project (
    card    text primary key references card (id),
    project text not null
) strict;

-- Who overrode which finding, and why. Never deleted: what was withdrawn says when.
create table finding_override (
    id           text primary key,
    card         text not null references card (id),
    code         text not null,
    path         text,
    clip         text,
    message      text not null,    -- an override holds for what was found then, not for what is found next
    by_name      text not null,
    reason       text not null,
    at           text not null,
    withdrawn_at text
) strict;
create index finding_override_card on finding_override (card);

-- Pieces of recordings that may go on on another card, and what was found about them when all cards were looked at.
create table span_piece (
    card  text not null references card (id),
    piece text not null            -- JSON of the camera crate
) strict;
create index span_piece_card on span_piece (card);
create table span_join (
    card   text not null references card (id),
    clip   text not null,
    others text not null,          -- the other cards, as people call them
    whole  integer not null,       -- nothing is missing any more
    words  text not null
) strict;
create index span_join_card on span_join (card);

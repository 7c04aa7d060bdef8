-- Additive only: an older program must still open a newer database. Never edit a released migration.

create table setting (
    key   text primary key,
    value text not null            -- JSON
) strict;

create table destination (
    id         text primary key,
    label      text not null,
    path       text not null unique,
    in_preset  integer not null default 1,
    created_at text not null
) strict;

create table card (
    id            text primary key,
    fingerprint   text not null,   -- identity of this insertion's content: volume, names, sizes, times
    volume        text not null,
    label         text not null,
    root          text not null,   -- where it was mounted last
    reel          text not null,
    recognition   text not null,   -- JSON CardRecognition
    source_device text,
    writable      integer not null,
    seen_at       text not null,
    described     integer not null default 0,
    safe_since    text,
    sheet         text              -- version of the contact sheet
) strict;
create unique index card_fingerprint on card (fingerprint);

create table clip_record (
    card     text not null references card (id),
    position integer not null,
    name     text not null,
    record   text,                 -- JSON ClipRecord
    search   text not null,        -- lower case words for filtering
    picture  text,                 -- version of the picture
    picture_words text not null default '',
    primary key (card, position)
) strict, without rowid;

create table finding (
    card    text not null references card (id),
    source  text not null,         -- structure, rules, metadata, preview
    finding text not null          -- JSON Finding
) strict;
create index finding_card on finding (card);

create table job (
    id          text primary key,
    card        text not null references card (id),
    state       text not null,
    plan        text not null,     -- JSON
    reread      integer,           -- second read of the source: 1 equal, 0 differed
    problem     text,              -- JSON Problem
    started_at  text not null,
    updated_at  text not null
) strict;
create index job_card on job (card);

create table copy (
    id              text primary key,
    job             text not null references job (id),
    card            text not null references card (id),
    destination     text not null,
    label           text not null,
    root            text not null,
    state           text not null,
    evidence        text,
    method          text not null default '',
    proven_at       text,
    device          text,
    manifest        text,
    manifest_reread integer not null default 0,
    failed_files    integer not null default 0,
    bytes_total     integer not null default 0
) strict;
create index copy_job on copy (job);
create index copy_card on copy (card);

create table copy_file (
    copy        text not null references copy (id),
    path        text not null,
    size_bytes  integer not null,
    modified    text not null,
    hashes      text not null,     -- JSON [HashValue]
    block_crc64 blob not null,     -- little-endian u64 per 16 MiB block as read from the card
    evidence    text,              -- JSON Evidence
    state       text not null,     -- copied, proven, or the error code
    primary key (copy, path)
) strict, without rowid;

create table failed_file (
    job     text not null references job (id),
    copy    text,
    path    text not null,
    problem text not null          -- JSON Problem
) strict;
create index failed_file_job on failed_file (job);

create table log (
    card text not null,
    at   text not null,
    text text not null
) strict;
create index log_card on log (card);

create table upload (
    id         text primary key,
    card       text not null references card (id),
    copy       text not null references copy (id),
    url        text not null,
    package    text,
    state      text not null,
    bytes_total integer not null,
    bytes_done  integer not null default 0,
    parts_done  integer not null default 0,
    status     text,               -- JSON, last answer of the cloud
    problem    text,               -- JSON Problem
    updated_at text not null
) strict;
create index upload_card on upload (card);

create table upload_file (
    upload    text not null references upload (id),
    key       text not null,
    remote    text,                -- the store's multipart upload id
    part_size integer,
    complete  integer not null default 0,
    primary key (upload, key)
) strict, without rowid;

create table upload_part (
    upload text not null,
    key    text not null,
    number integer not null,
    crc64  text not null,          -- 16 hex digits
    etag   text not null,
    primary key (upload, key, number)
) strict, without rowid;

create table verification (
    id     text primary key,
    path   text not null,
    state  text not null,
    report text,                   -- JSON
    at     text not null
) strict;

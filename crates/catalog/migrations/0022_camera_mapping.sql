-- Additive only.

-- What a person decided about a camera nobody knows. Never deleted: what was forgotten says when.
create table camera_mapping (
    id           text primary key,
    mapping      text not null,    -- JSON of the model: when it holds, and what it decides
    format       text not null,    -- the camera format it was made for, in words
    by_name      text not null,
    at           text not null,
    forgotten_at text
) strict;

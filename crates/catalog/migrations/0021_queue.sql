-- Additive only.

-- A job's place among those that want the same devices.
create table queue (
    job      text primary key references job (id),
    priority integer not null default 0, -- higher goes first
    place    integer not null default 0, -- among equals the lower goes first
    wish     text,                       -- `pause` or `cancel`, written by whoever asks, read by the process that holds the job
    needs    text not null default '[]'  -- devices, as JSON of the application
) strict;

-- The fastest this device has moved bytes in a job.
create table device_speed (
    device    text primary key,
    label     text not null,
    read_bps  integer,
    write_bps integer,
    at        text not null
) strict;

//! Owns the rows of the queue, and how fast devices were.

use crate::{Catalog, CatalogError, unword, word};
use checkgate_model::{JobState, Timestamp};
use sqlx::Row;

/// A job that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    /// Job.
    pub job: String,
    /// Its card.
    pub card: String,
    /// Reel of the card.
    pub reel: String,
    /// `Waiting` or `Running`.
    pub state: JobState,
    /// Higher goes first.
    pub priority: i32,
    /// Among equals the lower goes first.
    pub place: i64,
    /// `pause` or `cancel`, if somebody asked.
    pub wish: Option<String>,
    /// Devices, as JSON of the application.
    pub needs: String,
}

/// How fast a device was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeedRow {
    /// Device.
    pub device: String,
    /// As people call it.
    pub label: String,
    /// Bytes a second read.
    pub read_bps: Option<u64>,
    /// Bytes a second written.
    pub write_bps: Option<u64>,
}

impl Catalog {
    /// Jobs that wait or run, in their order.
    pub async fn queue(&self) -> Result<Vec<QueueRow>, CatalogError> {
        let rows = sqlx::query(
            "select job.id, job.card, card.reel, job.state, coalesce(queue.priority, 0), coalesce(queue.place, 0), queue.wish, \
             coalesce(queue.needs, '[]') from job join card on card.id = job.card left join queue on queue.job = job.id \
             where job.state in (?, ?) order by 5 desc, 6, job.id",
        )
        .bind(word(&JobState::Waiting))
        .bind(word(&JobState::Running))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(QueueRow {
                    job: row.get(0),
                    card: row.get(1),
                    reel: row.get(2),
                    state: unword("job state", row.get(3))?,
                    priority: row.get(4),
                    place: row.get(5),
                    wish: row.get(6),
                    needs: row.get(7),
                })
            })
            .collect()
    }

    /// Puts a job at the end of the queue, or keeps its place if it has one. What was asked of it stays: somebody may have been quick.
    pub async fn enqueue(&self, job: &str, priority: i32, needs: &str) -> Result<(), CatalogError> {
        sqlx::query(
            "insert into queue (job, priority, place, needs) values (?, ?, (select coalesce(max(place), 0) + 1 from queue), ?) \
             on conflict (job) do update set needs = excluded.needs",
        )
        .bind(job)
        .bind(priority)
        .bind(needs)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Stores the order of jobs: for each its priority; places count up in the order given.
    pub async fn order_queue(&self, order: &[(String, i32)]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        let (last,): (i64,) = sqlx::query_as("select coalesce(max(place), 0) from queue").fetch_one(&mut *transaction).await?;
        for (at, (job, priority)) in order.iter().enumerate() {
            sqlx::query("update queue set priority = ?, place = ? where job = ?")
                .bind(priority)
                .bind(last + 1 + i64::try_from(at).unwrap_or(i64::MAX - last - 1))
                .bind(job)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Asks the process that holds a job for something.
    pub async fn wish(&self, job: &str, wish: Option<&str>) -> Result<(), CatalogError> {
        sqlx::query("insert into queue (job, wish) values (?, ?) on conflict (job) do update set wish = excluded.wish")
            .bind(job)
            .bind(wish)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// What somebody asked of a job.
    pub async fn wish_of(&self, job: &str) -> Result<Option<String>, CatalogError> {
        let row = sqlx::query("select wish from queue where job = ?").bind(job).fetch_optional(&self.pool).await?;
        Ok(row.and_then(|row| row.get(0)))
    }

    /// Remembers how fast a device was; a slower run does not make it slower.
    pub async fn store_speed(&self, speed: &SpeedRow, at: Timestamp) -> Result<(), CatalogError> {
        let signed = |number: Option<u64>| number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        sqlx::query(
            "insert into device_speed (device, label, read_bps, write_bps, at) values (?, ?, ?, ?, ?) on conflict (device) do update \
             set label = excluded.label, at = excluded.at, \
             read_bps = coalesce(max(read_bps, excluded.read_bps), read_bps, excluded.read_bps), \
             write_bps = coalesce(max(write_bps, excluded.write_bps), write_bps, excluded.write_bps)",
        )
        .bind(&speed.device)
        .bind(&speed.label)
        .bind(signed(speed.read_bps))
        .bind(signed(speed.write_bps))
        .bind(at.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How fast devices were.
    pub async fn speeds(&self) -> Result<Vec<SpeedRow>, CatalogError> {
        let rows = sqlx::query("select device, label, read_bps, write_bps from device_speed").fetch_all(&self.pool).await?;
        let unsigned = |number: Option<i64>| number.map(i64::unsigned_abs);
        Ok(rows
            .iter()
            .map(|row| SpeedRow {
                device: row.get(0),
                label: row.get(1),
                read_bps: unsigned(row.get(2)),
                write_bps: unsigned(row.get(3)),
            })
            .collect())
    }
}

//! Owns the search index of clips: its rows, and the questions asked of it. What is text and what is time is decided by the caller;
//! nothing a person types becomes SQL.

use crate::card::clip;
use crate::{Catalog, CatalogError, ClipRow};
use checkgate_model::day_range::TICKS_PER_DAY;
use checkgate_model::{DayRange, TimecodeQuery};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Row};

/// One clip as it is found by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClipIndexRow {
    /// Card.
    pub card: String,
    /// Position on the card.
    pub position: u32,
    /// When the card was first seen.
    pub seen_at: String,
    /// Name in small letters.
    pub name: String,
    /// What free words are looked for in, in small letters.
    pub words: String,
    /// Reel in small letters.
    pub reel: String,
    /// Scene in small letters.
    pub scene: String,
    /// Take without leading zeros.
    pub take: String,
    /// Camera letter in small letters.
    pub letter: String,
    /// Camera model, letters and digits only.
    pub model: String,
    /// Sensor mode, letters and digits only.
    pub mode: String,
    /// Codec, letters and digits only.
    pub codec: String,
    /// Squeeze as a decimal.
    pub squeeze: String,
    /// Day of recording, `YYYY-MM-DD`.
    pub day: String,
    /// Moving picture.
    pub picture: bool,
    /// The camera's own id of the clip.
    pub uid: String,
    /// Path of the first essence.
    pub essence: String,
    /// Its size.
    pub bytes: u64,
    /// Paths in small letters, one a line.
    pub files: String,
    /// File name of a sequence with `#` for the number.
    pub frames: String,
    /// First and last frame number of a sequence.
    pub frame_range: Option<(u64, u64)>,
    /// Counting base and stretch of the day.
    pub running: Option<(u32, DayRange)>,
}

/// What is asked for; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClipSearch {
    /// Only this card.
    pub card: Option<String>,
    /// Texts that must occur in the clip's words or file names.
    pub words: Vec<String>,
    /// How the reel begins.
    pub reel: Option<String>,
    /// Scene, or how it begins where it ends with `*`.
    pub scene: Option<String>,
    /// Take.
    pub take: Option<String>,
    /// Camera letter.
    pub letter: Option<String>,
    /// Part of the model.
    pub model: Option<String>,
    /// Part of the sensor mode.
    pub mode: Option<String>,
    /// Part of the codec.
    pub codec: Option<String>,
    /// Squeeze as a decimal.
    pub squeeze: Option<String>,
    /// How the day of recording begins.
    pub day: Option<String>,
    /// Part of a path, or the name of one frame of a sequence.
    pub file: Option<String>,
    /// File name with `#` for its last number, and that number.
    pub frame: Option<(String, u64)>,
    /// When it runs; all of them must meet the clip.
    pub times: Vec<TimecodeQuery>,
}

/// A condition with its values.
struct Condition {
    sql: String,
    values: SqliteArguments,
}

impl Condition {
    fn and(&mut self, sql: &str, texts: &[&str]) -> Result<(), CatalogError> {
        self.sql.push_str(" and ");
        self.sql.push_str(sql);
        for text in texts {
            self.values.add((*text).to_owned()).map_err(sqlx::Error::Encode)?;
        }
        Ok(())
    }
}

fn i64_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Catalog {
    /// Replaces the index of a card.
    pub async fn store_clip_index(&self, card: &str, rows: &[ClipIndexRow]) -> Result<(), CatalogError> {
        let mut transaction = self.pool.begin_with("begin immediate").await?;
        sqlx::query("delete from clip_index where card = ?").bind(card).execute(&mut *transaction).await?;
        for row in rows {
            sqlx::query(
                "insert into clip_index (card, position, seen_at, name, words, reel, scene, take, letter, model, mode, codec, squeeze, day, picture, \
                 uid, essence, bytes, files, frames, first_frame, last_frame, nominal, tc_from, tc_to) \
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(card)
            .bind(row.position)
            .bind(&row.seen_at)
            .bind(&row.name)
            .bind(&row.words)
            .bind(&row.reel)
            .bind(&row.scene)
            .bind(&row.take)
            .bind(&row.letter)
            .bind(&row.model)
            .bind(&row.mode)
            .bind(&row.codec)
            .bind(&row.squeeze)
            .bind(&row.day)
            .bind(row.picture)
            .bind(&row.uid)
            .bind(&row.essence)
            .bind(i64_of(row.bytes))
            .bind(&row.files)
            .bind(&row.frames)
            .bind(row.frame_range.map(|(first, _)| i64_of(first)))
            .bind(row.frame_range.map(|(_, last)| i64_of(last)))
            .bind(row.running.map(|(nominal, _)| nominal))
            .bind(row.running.map(|(_, range)| range.ticks().0))
            .bind(row.running.map(|(_, range)| range.ticks().1))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Cards with clips that are not in the index: those an older program stored.
    pub async fn cards_without_index(&self) -> Result<Vec<String>, CatalogError> {
        let rows = sqlx::query(
            "select distinct card from clip_record where not exists \
             (select 1 from clip_index i where i.card = clip_record.card and i.position = clip_record.position)",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Clips that fit, newest card first; with the number of all of them. Only index rows are looked through: records and
    /// recognitions are long, and are read for the clips that are answered.
    pub async fn search_clips(&self, asked: &ClipSearch, offset: u32, limit: u32) -> Result<(u32, Vec<ClipRow>), CatalogError> {
        let count = self.condition(asked).await?;
        let sql = format!("select count(*) from clip_index i where {}", count.sql);
        let total: i64 = sqlx::query_with(AssertSqlSafe(sql), count.values).fetch_one(&self.pool).await?.get(0);
        let mut list = self.condition(asked).await?;
        let sql = format!(
            "select c.card, c.position, c.name, c.record, c.picture, c.picture_words from \
             (select i.card, i.position, i.seen_at from clip_index i where {} order by i.seen_at desc, i.card, i.position limit ? offset ?) p \
             join clip_record c on c.card = p.card and c.position = p.position order by p.seen_at desc, p.card, p.position",
            list.sql
        );
        list.values.add(limit).map_err(sqlx::Error::Encode)?;
        list.values.add(offset).map_err(sqlx::Error::Encode)?;
        let rows = sqlx::query_with(AssertSqlSafe(sql), list.values).fetch_all(&self.pool).await?;
        Ok((u32::try_from(total).unwrap_or(u32::MAX), rows.iter().map(clip).collect::<Result<_, _>>()?))
    }

    async fn condition(&self, asked: &ClipSearch) -> Result<Condition, CatalogError> {
        let mut found = Condition { sql: "1 = 1".to_owned(), values: SqliteArguments::default() };
        if let Some(card) = &asked.card {
            found.and("i.card = ?", &[card])?;
        }
        for word in &asked.words {
            found.and("(instr(i.words, ?) > 0 or instr(i.files, ?) > 0)", &[word, word])?;
        }
        for (column, text) in [("i.letter", &asked.letter), ("i.take", &asked.take), ("i.squeeze", &asked.squeeze)] {
            if let Some(text) = text {
                found.and(&format!("{column} = ?"), &[text])?;
            }
        }
        for (column, text) in [("i.reel", &asked.reel), ("i.day", &asked.day)] {
            if let Some(text) = text {
                found.and(&format!("instr(char(10) || {column}, char(10) || ?) > 0"), &[text])?;
            }
        }
        for (column, text) in [("i.model", &asked.model), ("i.mode", &asked.mode), ("i.codec", &asked.codec)] {
            if let Some(text) = text {
                found.and(&format!("instr({column}, ?) > 0"), &[text])?;
            }
        }
        match asked.scene.as_deref().map(|scene| scene.strip_suffix('*').ok_or(scene)) {
            Some(Ok(begin)) => found.and("substr(i.scene, 1, length(?)) = ?", &[begin, begin])?,
            Some(Err(scene)) => found.and("i.scene = ?", &[scene])?,
            None => {}
        }
        if let Some(file) = &asked.file {
            match &asked.frame {
                Some((pattern, number)) => {
                    found.and(
                        "(instr(i.files, ?) > 0 or (i.frames = ? and ? between i.first_frame and i.last_frame))",
                        &[file, pattern],
                    )?;
                    found.values.add(i64_of(*number)).map_err(sqlx::Error::Encode)?;
                }
                None => found.and("instr(i.files, ?) > 0", &[file])?,
            }
        }
        for time in &asked.times {
            self.running_at(*time, &mut found).await?;
        }
        Ok(found)
    }

    /// A frame is a frame of the clip's own rate, so the question is put once for each rate that there is.
    async fn running_at(&self, time: TimecodeQuery, found: &mut Condition) -> Result<(), CatalogError> {
        let rates =
            sqlx::query("select distinct nominal from clip_index where nominal is not null").fetch_all(&self.pool).await?;
        found.sql.push_str(" and (1 = 0");
        for nominal in rates.iter().map(|row| row.get::<u32, _>(0)) {
            let (from, to) = time.at(nominal).ticks();
            found.sql.push_str(" or (i.nominal = ? and (");
            found.values.add(nominal).map_err(sqlx::Error::Encode)?;
            for (at, by) in [0, -TICKS_PER_DAY, TICKS_PER_DAY].into_iter().enumerate() {
                found.sql.push_str(if at > 0 { " or " } else { "" });
                found.sql.push_str("(i.tc_from < ? and i.tc_to > ?)");
                found.values.add(to + by).map_err(sqlx::Error::Encode)?;
                found.values.add(from + by).map_err(sqlx::Error::Encode)?;
            }
            found.sql.push_str("))");
        }
        found.sql.push(')');
        Ok(())
    }

    /// Index rows of other cards of a project, for what is compared between cards.
    pub async fn index_of_project(&self, project: &str, but: &str) -> Result<Vec<ClipIndexRow>, CatalogError> {
        let rows = sqlx::query(
            "select i.* from clip_index i left join card_project p on p.card = i.card where coalesce(p.project, '') = ? and i.card <> ?",
        )
        .bind(project)
        .bind(but)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(index_row).collect())
    }

    /// Sets the project of a card that has none yet.
    pub async fn place_in_project(&self, card: &str, project: &str) -> Result<(), CatalogError> {
        sqlx::query("insert into card_project (card, project) values (?, ?) on conflict (card) do nothing")
            .bind(card)
            .bind(project)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Project of a card; empty where none was set when it was first seen.
    pub async fn project_of(&self, card: &str) -> Result<String, CatalogError> {
        let row = sqlx::query("select project from card_project where card = ?").bind(card).fetch_optional(&self.pool).await?;
        Ok(row.map_or_else(String::new, |row| row.get(0)))
    }

    /// Cards of a project by id.
    pub async fn cards_of_project(&self, project: &str) -> Result<Vec<String>, CatalogError> {
        let rows = sqlx::query(
            "select card.id from card left join card_project p on p.card = card.id where coalesce(p.project, '') = ? \
             order by card.seen_at, card.id",
        )
        .bind(project)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Hashes of one file of a card, of the newest copy that has any, as JSON.
    pub async fn hashes_of_file(&self, card: &str, path: &str) -> Result<Vec<checkgate_model::HashValue>, CatalogError> {
        let row = sqlx::query(
            "select f.hashes from copy_file f join copy on copy.id = f.copy where copy.card = ? and f.path = ? and f.state <> 'begun' order by copy.rowid desc limit 1",
        )
        .bind(card)
        .bind(path)
        .fetch_optional(&self.pool)
        .await?;
        row.map_or_else(|| Ok(Vec::new()), |row| crate::parse("hashes", &row.get::<String, _>(0)))
    }
}

fn index_row(row: &SqliteRow) -> ClipIndexRow {
    let number = |name: &str| row.get::<Option<i64>, _>(name);
    ClipIndexRow {
        card: row.get("card"),
        position: row.get("position"),
        seen_at: row.get("seen_at"),
        name: row.get("name"),
        words: row.get("words"),
        reel: row.get("reel"),
        scene: row.get("scene"),
        take: row.get("take"),
        letter: row.get("letter"),
        model: row.get("model"),
        mode: row.get("mode"),
        codec: row.get("codec"),
        squeeze: row.get("squeeze"),
        day: row.get("day"),
        picture: row.get("picture"),
        uid: row.get("uid"),
        essence: row.get("essence"),
        bytes: row.get::<i64, _>("bytes").unsigned_abs(),
        files: row.get("files"),
        frames: row.get("frames"),
        frame_range: number("first_frame")
            .zip(number("last_frame"))
            .map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs())),
        running: row
            .get::<Option<u32>, _>("nominal")
            .zip(number("tc_from").zip(number("tc_to")))
            .map(|(nominal, (from, to))| (nominal, DayRange::new(from, to))),
    }
}

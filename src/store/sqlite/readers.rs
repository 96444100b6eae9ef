//! The threads that read. A reader sees what is committed and holds up neither the writer nor other readers.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

use crate::store::seal::Sealer;
use crate::value::Lock;

use super::open::configure;

/// How many read at the same time.
const READERS: usize = 2;

/// The commands of a reader.
pub(super) type Reading = Box<dyn FnOnce(&Connection, &Sealer) + Send>;

/// Starts them. They end when the sender is dropped.
pub(super) fn start(
    path: &Path,
    sealer: &Arc<Sealer>,
) -> Result<(Sender<Reading>, Vec<JoinHandle<()>>), super::failure::OpenFailure> {
    let (sender, readings) = channel();
    let readings = Arc::new(Lock::new(readings));
    let mut threads = Vec::new();
    for number in 0..READERS {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        configure(&connection)?;
        let (readings, sealer) = (readings.clone(), sealer.clone());
        let thread = std::thread::Builder::new().name(format!("store-read-{number}"));
        threads.push(thread.spawn(move || read(&readings, &connection, &sealer)).map_err(|error| {
            rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOMEM),
                Some(error.to_string()),
            )
        })?);
    }
    Ok((sender, threads))
}

fn read(readings: &Lock<Receiver<Reading>>, connection: &Connection, sealer: &Sealer) {
    loop {
        // One of them waits with the lock; a reading is carried out without it.
        let reading = readings.lock().recv();
        let Ok(reading) = reading else { return };
        reading(connection, sealer);
    }
}

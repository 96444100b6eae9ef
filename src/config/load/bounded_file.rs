//! A file that is read within a deadline. A named pipe may have no writer, or a silent one, and a reload that waits for
//! it would block every later reload.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// How long reading from a pipe may take.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// An open file.
#[derive(Debug)]
pub(crate) struct BoundedFile {
    file: File,
    deadline: Instant,
}

impl BoundedFile {
    /// Opens the file without blocking; a pipe without a writer is empty.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::open_for(path, READ_TIMEOUT)
    }

    fn open_for(path: &Path, timeout: Duration) -> io::Result<Self> {
        let unwaiting = OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(unwaiting).open(path)?;
        Ok(Self { file, deadline: Instant::now() + timeout })
    }

    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }
}

impl Read for BoundedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            let left = self.deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            if poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&left))? == 0 {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its writer did not finish within 5 s"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use crate::config::load::bounded_file::*;

    fn pipe(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        path
    }

    fn read(mut input: BoundedFile) -> io::Result<String> {
        let mut text = String::new();
        input.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn a_pipe_without_a_writer_is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(BoundedFile::open(&pipe(&folder)).expect("opened")).expect("read"), "");
    }

    #[test]
    fn a_silent_writer_is_waited_for_until_the_deadline() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = pipe(&folder);
        let mut writer = OpenOptions::new().read(true).write(true).open(&path).expect("both ends");
        writer.write_all(b"half").expect("written");
        let input = BoundedFile::open_for(&path, Duration::ZERO).expect("opened");
        assert_eq!(read(input).expect_err("no end").kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_a_pipe_delivers_in_time_is_read_to_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = pipe(&folder);
        let input = BoundedFile::open(&path).expect("opened");
        let mut writer = OpenOptions::new().write(true).open(&path).expect("opened");
        let writing = std::thread::spawn(move || {
            for piece in ["one\n", "two\n"] {
                writer.write_all(piece.as_bytes()).expect("written");
            }
        });
        assert_eq!(read(input).expect("read"), "one\ntwo\n");
        writing.join().expect("written");
    }
}

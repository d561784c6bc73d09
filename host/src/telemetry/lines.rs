//! Log lines on their way out: gathered in memory for a moment and written together.
//!
//! A write of its own costs more than all else that a line costs, and those who log at the same time wait for it.
//! Lines keep their order. A warning or an error is written before the call that logs it returns, and with it all
//! that was logged before; other lines may be lost when the process is killed within [`GATHERING`] of them.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long the first line waits for others: too short for a person to see, long enough for some hundred lines of
/// a busy server. Each time, threads wake one another, which costs as much as a hundred lines do.
const GATHERING: Duration = Duration::from_millis(10);

/// When so many bytes wait, because the reader of the log is slow, who logs waits too: memory is bounded.
const BYTES_MAX: usize = 1 << 20;

/// The way out. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    /// Held while bytes are written, so that they leave in order.
    out: Mutex<Out>,
    waiting: Mutex<Vec<u8>>,
    some_wait: Condvar,
}

struct Out {
    writer: Box<dyn Write + Send>,
    /// Empty. It takes turns with the one that lines wait in, so that neither has to grow again.
    spare: Vec<u8>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lines {
    /// Lines to `out`, with a thread that writes them.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let waiting = Mutex::new(Vec::new());
        let out = Mutex::new(Out { writer: Box::new(out), spare: Vec::new() });
        let shared = Arc::new(Shared { out, waiting, some_wait: Condvar::new() });
        let lines = Self(shared);
        let writing = lines.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || writing.write_gathered())?;
        Ok(lines)
    }

    /// Writes what waits, now. That stderr cannot be written is nothing that could be told anybody.
    pub(super) fn flush(&self) {
        let mut out = lock(&self.0.out);
        let Out { writer, spare } = &mut *out;
        std::mem::swap(spare, &mut *lock(&self.0.waiting));
        if !spare.is_empty() {
            drop(writer.write_all(spare).and_then(|()| writer.flush()));
            spare.clear();
        }
    }

    fn write_gathered(&self) {
        loop {
            {
                let waiting = lock(&self.0.waiting);
                let some = self.0.some_wait.wait_while(waiting, |bytes| bytes.is_empty());
                drop(some.unwrap_or_else(PoisonError::into_inner));
            }
            std::thread::sleep(GATHERING);
            self.flush();
        }
    }
}

/// One line: the layer writes it whole.
#[derive(Debug)]
pub(super) struct Line<'a> {
    lines: &'a Lines,
    is_urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let waiting_bytes = {
            let mut waiting = lock(&self.lines.0.waiting);
            if waiting.is_empty() {
                self.lines.0.some_wait.notify_one();
            }
            waiting.extend_from_slice(bytes);
            waiting.len()
        };
        if self.is_urgent || BYTES_MAX <= waiting_bytes {
            self.lines.flush();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush();
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, is_urgent: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        // Errors are the least of levels.
        Line { lines: self, is_urgent: *metadata.level() <= Level::WARN }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Tells of each write.
    struct Told(mpsc::Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            drop(self.0.send(String::from_utf8_lossy(bytes).into_owned()));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(work: impl FnOnce()) -> mpsc::Receiver<String> {
        let (sender, writes) = mpsc::channel();
        let lines = Lines::to(Told(sender)).expect("a thread");
        let layer = tracing_subscriber::fmt::layer().without_time().with_ansi(false).with_writer(lines);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        writes
    }

    #[test]
    fn lines_leave_in_order_and_without_being_asked_to() {
        let writes = logged(|| {
            for number in 0..500 {
                tracing::info!(number);
            }
        });
        let mut text = String::new();
        while text.lines().count() < 500 {
            text.push_str(&writes.recv_timeout(Duration::from_secs(10)).expect("the rest comes"));
        }
        for (number, line) in text.lines().enumerate() {
            assert!(line.ends_with(&format!(" number={number}")), "{line}");
        }
    }

    #[test]
    fn a_warning_is_out_when_the_call_returns_and_takes_along_what_was_before() {
        let mut seen = String::new();
        let writes = logged(|| {
            tracing::info!("before");
            tracing::warn!("now");
        });
        seen.extend(writes.try_iter());
        let before = seen.find("before").expect("written");
        assert!(seen.find("now").is_some_and(|now| before < now), "{seen}");
    }

    #[test]
    fn what_waits_is_bounded() {
        let long = "x".repeat(100_000);
        let writes = logged(|| {
            for _ in 0..100 {
                tracing::info!(long);
            }
        });
        // The last lines may wait still, while those before them are in the thread's hands.
        let written: usize = writes.try_iter().map(|text| text.len()).sum();
        assert!(10_000_000 - 2 * (BYTES_MAX + long.len()) < written, "{written}");
    }
}

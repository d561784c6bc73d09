//! A disk that forgets: what was not flushed is kept, dropped or cut at random when the power goes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use switchboard::store::StorageBackend;

/// Bytes that a disk writes whole.
const SECTOR_BYTES: usize = 512;

/// A small generator whose numbers follow from the seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// What goes wrong, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// From then on nothing reaches the disk, and everything is refused.
    PowerLoss,
    /// One write is cut short and fails.
    ShortWrite,
    /// One flush fails.
    FailedFlush,
    /// The file cannot grow.
    Full,
}

/// A disk with a cache that the power takes along.
#[derive(Debug, Clone)]
pub(crate) struct Disk(Arc<Mutex<Platters>>);

#[derive(Debug)]
pub(crate) struct Platters {
    /// What survives.
    flushed: Vec<u8>,
    /// What is read.
    cached: Vec<u8>,
    /// What was written since the last flush, in order.
    unflushed: Vec<Change>,
    /// Operations until the fault.
    left: u64,
    fault: Fault,
    is_off: bool,
}

#[derive(Debug)]
enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Bytes(offset, data) => {
                let end = offset + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset..end].copy_from_slice(data);
            }
        }
    }
}

impl Disk {
    /// A disk with these bytes, on which the fault comes after so many operations that change it.
    pub(crate) fn new(flushed: Vec<u8>, fault: Fault, left: u64) -> Self {
        let cached = flushed.clone();
        Self(Arc::new(Mutex::new(Platters {
            flushed,
            cached,
            unflushed: Vec::new(),
            left,
            fault,
            is_off: false,
        })))
    }

    /// Operations until the fault.
    pub(crate) fn left(&self) -> u64 {
        self.platters().left
    }

    fn platters(&self) -> MutexGuard<'_, Platters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power goes, if it has not gone yet: what the platters hold afterwards. Sectors that were not
    /// flushed are there or not, whatever the order in which they were written.
    pub(crate) fn pull_the_plug(&self, dice: &mut Dice) -> Vec<u8> {
        let mut platters = self.platters();
        platters.is_off = true;
        let mut bytes = std::mem::take(&mut platters.flushed);
        for change in std::mem::take(&mut platters.unflushed) {
            match change {
                Change::Length(_) if dice.roll(2) == 0 => {}
                Change::Length(_) => change.apply(&mut bytes),
                Change::Bytes(offset, data) => {
                    for (number, sector) in data.chunks(SECTOR_BYTES).enumerate() {
                        if dice.roll(2) == 0 {
                            Change::Bytes(offset + number * SECTOR_BYTES, sector.to_vec()).apply(&mut bytes);
                        }
                    }
                }
            }
        }
        bytes
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

impl Platters {
    /// Counts an operation that changes the disk; the fault, if this is its moment.
    fn count(&mut self) -> Result<Option<Fault>, io::Error> {
        if self.is_off {
            return Err(broken("the power is off"));
        }
        if 0 < self.left {
            self.left -= 1;
            return Ok(None);
        }
        if self.fault == Fault::PowerLoss {
            self.is_off = true;
            return Err(broken("the power went"));
        }
        Ok(Some(self.fault))
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.cached);
        self.unflushed.push(change);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.platters().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let platters = self.platters();
        if platters.is_off {
            return Err(broken("the power is off"));
        }
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let found = platters.cached.get(start..start + out.len()).ok_or_else(|| broken("behind the end"))?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut platters = self.platters();
        let fault = platters.count()?;
        let length = usize::try_from(len).map_err(io::Error::other)?;
        if fault == Some(Fault::Full) && platters.cached.len() < length {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        platters.change(Change::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut platters = self.platters();
        if platters.count()? == Some(Fault::FailedFlush) {
            return Err(broken("the flush failed"));
        }
        let platters = &mut *platters;
        for change in platters.unflushed.drain(..) {
            change.apply(&mut platters.flushed);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut platters = self.platters();
        let fault = platters.count()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        match fault {
            Some(Fault::ShortWrite) => {
                platters.change(Change::Bytes(offset, data[..data.len() / 2].to_vec()));
                Err(broken("the write was cut short"))
            }
            // A full disk takes no block that it has not given out yet.
            Some(Fault::Full) => Err(io::Error::from(io::ErrorKind::StorageFull)),
            _ => {
                platters.change(Change::Bytes(offset, data.to_vec()));
                Ok(())
            }
        }
    }
}

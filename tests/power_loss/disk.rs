//! A disk that loses power: what was synced is there; of what was not, any part may be, in any order.

use std::collections::BTreeMap;
use std::path::Path;

use crate::workload::Dice;

/// What a medium writes whole or not at all.
const SECTOR: usize = 512;

/// One thing that the process asked for.
#[derive(Debug)]
pub enum Event {
    /// Standard output: an acknowledgement.
    Mark(String),
    Write {
        path: String,
        offset: usize,
        data: Vec<u8>,
    },
    Sync {
        path: String,
    },
    Truncate {
        path: String,
        size: usize,
    },
    Create {
        path: String,
    },
    Unlink {
        path: String,
    },
}

/// Reads the shim's records.
pub fn parse(mut log: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while !log.is_empty() {
        let number = |at: usize| {
            let bytes = log[8 * at..8 * at + 8].try_into().expect("8 bytes");
            usize::try_from(u64::from_ne_bytes(bytes)).expect("fits")
        };
        let (kind, path_len, offset, size) = (number(0), number(1), number(2), number(3));
        let (path, rest) = log[32..].split_at(path_len);
        let (data, rest) = rest.split_at(size);
        let path = String::from_utf8(path.to_vec()).expect("UTF-8");
        let data = data.to_vec();
        events.push(match kind {
            1 => Event::Mark(String::from_utf8_lossy(&data).into_owned()),
            2 => Event::Write { path, offset, data },
            3 => Event::Sync { path },
            4 => Event::Truncate { path, size: offset },
            5 => Event::Create { path },
            6 => Event::Unlink { path },
            other => panic!("the engine did something that this test does not know: {other} {path}"),
        });
        log = rest;
    }
    events
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Naming {
    Create(String, usize),
    Unlink(String),
}

/// Files by number; names lead to them. Names are durable when their directory was synced.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    pending_names: Vec<Naming>,
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, data) => {
            let end = offset + data.len();
            content.resize(content.len().max(end), 0);
            content[*offset..end].copy_from_slice(data);
        }
        Change::Truncate(size) => content.resize(*size, 0),
    }
}

fn name(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Create(path, file) => drop(names.insert(path.clone(), *file)),
        Naming::Unlink(path) => drop(names.remove(path)),
    }
}

impl Disk {
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Mark(_) => {}
            Event::Write { path, offset, data } => self.change(path, Change::Write(*offset, data.clone())),
            Event::Truncate { path, size } => self.change(path, Change::Truncate(*size)),
            Event::Create { path } => {
                self.files.push(File::default());
                self.rename(Naming::Create(path.clone(), self.files.len() - 1));
            }
            Event::Unlink { path } => self.rename(Naming::Unlink(path.clone())),
            Event::Sync { path } => self.sync(path),
        }
    }

    fn change(&mut self, path: &str, change: Change) {
        // A file that was unlinked while open shows its old name with a remark; nobody will miss it.
        if let Some(file) = self.names.get(path) {
            self.files[*file].pending.push(change);
        }
    }

    fn rename(&mut self, naming: Naming) {
        name(&mut self.names, &naming);
        self.pending_names.push(naming);
    }

    fn sync(&mut self, path: &str) {
        match self.names.get(path) {
            Some(file) => {
                let File { synced, pending } = &mut self.files[*file];
                pending.drain(..).for_each(|change| apply(synced, &change));
            }
            // A directory: its names, but not what is in the files.
            None => {
                self.synced_names = self.names.clone();
                self.pending_names.clear();
            }
        }
    }

    /// Writes what a medium might hold if the power went now into `folder`.
    pub fn image(&self, folder: &Path, dice: &mut Dice) {
        let mut names = self.synced_names.clone();
        // Names are journalled by file systems: some of them, in their order.
        let kept = dice.roll(self.pending_names.len() as u64 + 1) as usize;
        self.pending_names[..kept].iter().for_each(|naming| name(&mut names, naming));
        for (path, file) in names {
            let content = self.files[file].after_power_loss(dice);
            let file_name = Path::new(&path).file_name().expect("a name");
            std::fs::write(folder.join(file_name), content).expect("an image");
        }
    }
}

impl File {
    fn after_power_loss(&self, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.synced.clone();
        let count = self.pending.len();
        match dice.roll(4) {
            // Nothing more, or everything.
            0 => {}
            1 => self.pending.iter().for_each(|change| apply(&mut content, change)),
            // As far as it came, the last write torn.
            2 => {
                let kept = dice.roll(count as u64 + 1) as usize;
                self.pending[..kept].iter().for_each(|change| apply(&mut content, change));
                if let Some(change) = self.pending.get(kept) {
                    torn(&mut content, change, dice);
                }
            }
            // Any of them, each torn or whole.
            _ => {
                for change in &self.pending {
                    match dice.roll(3) {
                        0 => {}
                        1 => apply(&mut content, change),
                        _ => torn(&mut content, change, dice),
                    }
                }
            }
        }
        content
    }
}

/// Some sectors of a write.
fn torn(content: &mut Vec<u8>, change: &Change, dice: &mut Dice) {
    let Change::Write(offset, data) = change else { return };
    let mut at = 0;
    while at < data.len() {
        let end = ((offset + at) / SECTOR * SECTOR + SECTOR - offset).min(data.len());
        if dice.roll(2) == 0 {
            apply(content, &Change::Write(offset + at, data[at..end].to_vec()));
        }
        at = end;
    }
}

//! Frames of the CQL protocol (version 4), as far as the tests look into them or make them up.

use scylla_proxy::{RequestFrame, RequestOpcode, ResponseFrame, ResponseOpcode};

/// An answer with an error, as a server sends it.
#[derive(Clone, Debug)]
pub struct ServerError {
    pub code: i32,
    /// What this kind of error has behind its message.
    pub rest: Vec<u8>,
}

/// What every made up error says.
pub const MESSAGE: &str = "made up by a test";

pub const LOCAL_QUORUM: u16 = 6;

impl ServerError {
    pub fn new(code: i32, rest: &[&[u8]]) -> Self {
        Self { code, rest: rest.concat() }
    }

    /// Too few replicas are up.
    pub fn unavailable() -> Self {
        Self::new(0x1000, &[&LOCAL_QUORUM.to_be_bytes(), &int(2), &int(1)])
    }

    pub fn write_timeout(write_type: &str) -> Self {
        Self::new(0x1100, &[&LOCAL_QUORUM.to_be_bytes(), &int(1), &int(2), &text(write_type)])
    }

    pub fn unprepared(id: &[u8]) -> Self {
        let length = u16::try_from(id.len()).unwrap();
        Self::new(0x2500, &[&length.to_be_bytes(), id])
    }

    /// One without figures.
    pub fn plain(code: i32) -> Self {
        Self::new(code, &[])
    }

    fn body(&self) -> Vec<u8> {
        [&int(self.code)[..], &text(MESSAGE), &self.rest].concat()
    }

    /// The answer to `request`.
    pub fn answer(&self, request: &RequestFrame) -> ResponseFrame {
        ResponseFrame::new(request.params.for_response(), ResponseOpcode::Error, self.body().into())
    }

    /// In the place of what the server has answered.
    pub fn instead(&self, answer: &ResponseFrame) -> ResponseFrame {
        ResponseFrame::new(answer.params, ResponseOpcode::Error, self.body().into())
    }
}

pub fn int(number: i32) -> [u8; 4] {
    number.to_be_bytes()
}

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

/// Reads a frame's body from its beginning.
pub struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub fn new(body: &'b [u8]) -> Self {
        Self(body)
    }

    fn take(&mut self, length: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    pub fn short(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    pub fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    pub fn text(&mut self) -> String {
        let length = usize::from(self.short());
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }

    pub fn long_text(&mut self) -> String {
        let length = usize::try_from(self.int()).unwrap();
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }

    pub fn short_bytes(&mut self) -> Vec<u8> {
        let length = usize::from(self.short());
        self.take(length).to_vec()
    }

    /// `None` = null or unset.
    pub fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.int()).ok()?;
        Some(self.take(length).to_vec())
    }

    /// A column's type.
    fn kind(&mut self) {
        match self.short() {
            0x20 | 0x22 => self.kind(),
            0x21 => {
                self.kind();
                self.kind();
            }
            0..0x20 => {}
            other => panic!("type {other:#x}"),
        }
    }
}

/// What a request binds to one prepared statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub id: Vec<u8>,
    pub values: Vec<Option<Vec<u8>>>,
}

impl Bound {
    /// The first marker of a plain write: its write time, microseconds.
    pub fn write_time(&self) -> i64 {
        i64::from_be_bytes(self.values[0].as_deref().unwrap().try_into().expect("a bigint"))
    }
}

/// The statements of an EXECUTE or a BATCH.
pub fn bound(request: &RequestFrame) -> Vec<Bound> {
    let mut reader = Reader::new(&request.body);
    let values = |reader: &mut Reader<'_>| (0..reader.short()).map(|_| reader.bytes()).collect();
    match request.opcode {
        RequestOpcode::Execute => {
            let id = reader.short_bytes();
            let _consistency = reader.short();
            let has_values = reader.byte() & 1 != 0;
            vec![Bound { id, values: if has_values { values(&mut reader) } else { Vec::new() } }]
        }
        RequestOpcode::Batch => {
            let _type = reader.byte();
            let statement = |reader: &mut Reader<'_>| {
                assert_eq!(reader.byte(), 1, "a prepared statement");
                let id = reader.short_bytes();
                Bound { id, values: values(reader) }
            };
            (0..reader.short()).map(|_| statement(&mut reader)).collect()
        }
        other => panic!("{other:?} binds nothing"),
    }
}

/// Rows of one table in an answer.
pub struct Rows {
    pub table: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<Vec<u8>>>>,
    /// The body up to the number of rows.
    head: Vec<u8>,
}

impl Rows {
    /// `None` if the answer has no rows, or does not say of which table they are.
    pub fn of(answer: &ResponseFrame) -> Option<Self> {
        let mut reader = Reader::new(&answer.body);
        if answer.opcode != ResponseOpcode::Result || reader.int() != 2 {
            return None;
        }
        let flags = reader.int();
        let count = usize::try_from(reader.int()).unwrap();
        if flags & 2 != 0 {
            reader.bytes();
        }
        // Global table, no metadata.
        if flags & (1 | 4) != 1 {
            return None;
        }
        let (_keyspace, table) = (reader.text(), reader.text());
        let column = |reader: &mut Reader<'_>| {
            let name = reader.text();
            reader.kind();
            name
        };
        let columns: Vec<String> = (0..count).map(|_| column(&mut reader)).collect();
        let head = answer.body[..answer.body.len() - reader.0.len()].to_vec();
        let rows = (0..reader.int()).map(|_| (0..count).map(|_| reader.bytes()).collect()).collect();
        Some(Self { table, columns, rows, head })
    }

    /// The answer with these rows.
    pub fn answer(&self, params_of: &ResponseFrame) -> ResponseFrame {
        let mut body = self.head.clone();
        body.extend(int(i32::try_from(self.rows.len()).unwrap()));
        for value in self.rows.iter().flatten() {
            match value {
                Some(value) => {
                    body.extend(int(i32::try_from(value.len()).unwrap()));
                    body.extend(value);
                }
                None => body.extend(int(-1)),
            }
        }
        ResponseFrame::new(params_of.params, params_of.opcode, body.into())
    }
}

/// A set of texts as a value.
pub fn set_of(texts: &[String]) -> Vec<u8> {
    let mut value = int(i32::try_from(texts.len()).unwrap()).to_vec();
    for text in texts {
        value.extend(int(i32::try_from(text.len()).unwrap()));
        value.extend(text.as_bytes());
    }
    value
}

/// The options of a SUPPORTED with more options.
pub fn supported_with(answer: &ResponseFrame, more: &[(&str, String)]) -> ResponseFrame {
    let mut reader = Reader::new(&answer.body);
    let count = reader.short() + u16::try_from(more.len()).unwrap();
    let mut body = count.to_be_bytes().to_vec();
    body.extend(reader.0);
    for (name, value) in more {
        body.extend(text(name));
        body.extend(1_u16.to_be_bytes());
        body.extend(text(value));
    }
    ResponseFrame::new(answer.params, answer.opcode, body.into())
}

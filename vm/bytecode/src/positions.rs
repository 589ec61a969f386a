//! Columns of instructions, for carets in tracebacks and `co_positions()`. They are seldom looked at, so they stay packed:
//! runs of equal positions, each as its length and what changed, in numbers of seven bits a byte.

/// Where one instruction's source stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    pub line: u32,
    pub end_line: u32,
    /// Columns count UTF-8 bytes from 0.
    pub col: u32,
    pub end_col: u32,
}

/// The positions of a code object, one per wordcode unit; empty when not recorded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Positions(Box<[u8]>);

impl Positions {
    /// The packed form, as [`Positions::from_packed`] takes it.
    pub fn packed(&self) -> &[u8] {
        &self.0
    }

    /// Takes the packed form as it is; what is wrong with it shows as missing positions.
    pub fn from_packed(bytes: &[u8]) -> Positions {
        Positions(bytes.into())
    }

    /// Appends the packed form of `positions`.
    pub fn pack(positions: &[Position], out: &mut Vec<u8>) {
        let mut line = 0;
        let mut at = 0;
        while let Some(&p) = positions.get(at) {
            let len = 1 + positions[at + 1..].iter().take_while(|&&q| q == p).count();
            at += len;
            let numbers = [
                len as u64,
                zigzag(i64::from(p.line) - line),
                zigzag(i64::from(p.end_line) - i64::from(p.line)),
                u64::from(p.col),
                zigzag(i64::from(p.end_col) - i64::from(p.col)),
            ];
            line = i64::from(p.line);
            // Nearly always each is a byte.
            if numbers.iter().all(|&n| n < 0x80) {
                out.extend(numbers.map(|n| n as u8));
            } else {
                numbers.iter().for_each(|&n| push_number(out, n));
            }
        }
    }

    /// One entry per unit. At most `units` of them, whatever the packed form says.
    pub fn unpack(&self, units: usize) -> Vec<Position> {
        let mut rest = &self.0[..];
        let mut out = Vec::new();
        let mut line = 0i64;
        while let Some((len, p)) = next_run(&mut rest, &mut line) {
            let len = (len as usize).min(units - out.len());
            out.resize(out.len() + len, p);
        }
        out
    }
}

impl From<&[Position]> for Positions {
    fn from(positions: &[Position]) -> Positions {
        let mut out = Vec::new();
        Positions::pack(positions, &mut out);
        Positions(out.into())
    }
}

fn next_run(rest: &mut &[u8], line: &mut i64) -> Option<(u64, Position)> {
    let len = number(rest)?;
    *line = line.checked_add(signed(rest)?)?;
    let end_line = line.checked_add(signed(rest)?)?;
    let col = u32::try_from(number(rest)?).ok()?;
    let end_col = i64::from(col).checked_add(signed(rest)?)?;
    let p = Position {
        line: u32::try_from(*line).ok()?,
        end_line: u32::try_from(end_line).ok()?,
        col,
        end_col: u32::try_from(end_col).ok()?,
    };
    Some((len, p))
}

/// Appends a number, seven bits a byte, lowest first.
pub(crate) fn push_number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a number whose small values of either sign take one byte.
pub(crate) fn push_signed(out: &mut Vec<u8>, n: i64) {
    push_number(out, zigzag(n));
}

fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

/// Takes a number off the front; none when it does not end.
pub(crate) fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (&b, tail) = rest.split_first()?;
        *rest = tail;
        n |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

pub(crate) fn signed(rest: &mut &[u8]) -> Option<i64> {
    let n = number(rest)?;
    Some((n >> 1) as i64 ^ -((n & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, col: u32) -> Position {
        Position {
            line,
            end_line: line + 1,
            col,
            end_col: col + 3,
        }
    }

    #[test]
    fn unpacking_gives_back_what_was_packed() {
        let all = [
            at(7, 0),
            at(7, 0),
            at(3, 200),
            at(1_000_000, 70_000),
            at(3, 200),
        ];
        assert_eq!(Positions::from(&all[..]).unpack(all.len()), all);
    }

    #[test]
    fn broken_bytes_give_fewer_positions_and_no_panic() {
        let packed = Positions::from(&[at(7, 0), at(8, 1)][..]);
        let cut = Positions::from_packed(&packed.packed()[..7]);
        assert_eq!(cut.unpack(2), [at(7, 0)]);
        let endless = Positions::from_packed(&[0xFF; 64]);
        assert!(endless.unpack(100).is_empty());
        let many = Positions::from_packed(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 2, 2, 0, 0]);
        assert_eq!(many.unpack(3).len(), 3);
    }
}

//! Pictures that take a while to compute: Julia sets, as bitmaps.

use serde::{Deserialize, Serialize};

const WIDTH: usize = 320;
const HEIGHT: usize = 200;
/// Each dot is the mean of so many by so many.
const SAMPLES: usize = 2;
const MOST_STEPS: u32 = 200;

/// A point of the Mandelbrot set's edge, whose Julia set has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Motif {
    Dendrite,
    Dragon,
    Galaxies,
    Rabbit,
    Siegel,
}

impl Motif {
    const fn constant(self) -> (f64, f64) {
        match self {
            Self::Dendrite => (0.0, 1.0),
            Self::Dragon => (-0.8, 0.156),
            Self::Galaxies => (-0.7269, 0.1889),
            Self::Rabbit => (-0.1226, 0.7449),
            Self::Siegel => (-0.3905, -0.5868),
        }
    }

    /// Where in the rainbow it begins.
    const fn hue(self) -> f64 {
        match self {
            Self::Dendrite => 0.60,
            Self::Dragon => 0.95,
            Self::Galaxies => 0.70,
            Self::Rabbit => 0.08,
            Self::Siegel => 0.45,
        }
    }
}

/// Paints a motif; the result is a file in the BMP format.
pub(crate) fn paint(motif: Motif) -> Vec<u8> {
    let mut file = head();
    // From the bottom to the top; a line is a multiple of four bytes long, as it must be.
    for row in (0..HEIGHT).rev() {
        for column in 0..WIDTH {
            let [red, green, blue] = dot(motif, column, row);
            file.extend([blue, green, red]);
        }
    }
    file
}

const _: () = assert!(WIDTH.is_multiple_of(4));

/// The head of a bitmap of three bytes a dot.
fn head() -> Vec<u8> {
    const HEAD: u32 = 54;
    let (width, height) = (WIDTH as u32, HEIGHT as u32);
    let size = width * height * 3;
    let mut head = b"BM".to_vec();
    for number in [HEAD + size, 0, HEAD, 40, width, height, 1 | 24 << 16, 0, size, 0, 0, 0, 0] {
        head.extend(number.to_le_bytes());
    }
    head
}

fn dot(motif: Motif, column: usize, row: usize) -> [u8; 3] {
    let mut sum = [0.0; 3];
    for sample in 0..SAMPLES * SAMPLES {
        let (right, down) = (sample % SAMPLES, sample / SAMPLES);
        let x = (column * SAMPLES + right) as f64 / (WIDTH * SAMPLES) as f64 - 0.5;
        let y = (row * SAMPLES + down) as f64 / (HEIGHT * SAMPLES) as f64 - 0.5;
        let color = color(motif, escape(motif, 3.6 * x, 2.25 * y));
        sum.iter_mut().zip(color).for_each(|(sum, part)| *sum += part);
    }
    sum.map(|sum| (sum / (SAMPLES * SAMPLES) as f64 * 255.0) as u8)
}

/// After how many steps a point leaves, smoothly; none, if it stays.
fn escape(motif: Motif, mut x: f64, mut y: f64) -> Option<f64> {
    let (a, b) = motif.constant();
    for step in 0..MOST_STEPS {
        let square = x * x + y * y;
        if square > 256.0 {
            return Some(f64::from(step) + 1.0 - (square.ln() / 2.0 / 2.0_f64.ln()).log2());
        }
        (x, y) = (x * x - y * y + a, 2.0 * x * y + b);
    }
    None
}

fn color(motif: Motif, steps: Option<f64>) -> [f64; 3] {
    let Some(steps) = steps else { return [0.06, 0.06, 0.10] };
    let along = (steps.max(0.0) / 60.0).sqrt();
    [0.0, 0.12, 0.24].map(|shift| {
        let wave = (std::f64::consts::TAU * (motif.hue() + shift + 0.7 * along)).cos();
        (0.5 + 0.5 * wave) * (0.4 + 0.6 * along.min(1.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_bitmap_of_the_size_that_it_says() {
        let file = paint(Motif::Rabbit);
        let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        assert!(file.starts_with(b"BM"));
        assert_eq!((number(2), number(10)), (file.len(), 54));
        assert_eq!((number(18), number(22)), (WIDTH, HEIGHT));
        assert_eq!(file.len(), 54 + WIDTH * HEIGHT * 3);
        assert_ne!(file, paint(Motif::Dragon));
    }

    #[test]
    fn a_julia_set_is_symmetric_about_its_middle() {
        for motif in [Motif::Dendrite, Motif::Siegel] {
            for (x, y) in [(0.3, 0.4), (1.1, -0.2), (0.01, 0.9)] {
                assert_eq!(escape(motif, x, y), escape(motif, -x, -y));
            }
        }
        assert_eq!(escape(Motif::Rabbit, 0.0, 0.0), None);
    }
}

//! Formulas that say which form a number has: `n==1 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2`.

/// A formula in C, of one variable `n`.
pub(super) struct Plural(Expression);

enum Expression {
    N,
    Number(u64),
    Not(Box<Expression>),
    Binary(&'static str, Box<(Expression, Expression)>),
    Choice(Box<(Expression, Expression, Expression)>),
}

/// One, or another.
impl Default for Plural {
    fn default() -> Self {
        let sides = Box::new((Expression::N, Expression::Number(1)));
        Self(Expression::Binary("!=", sides))
    }
}

impl Plural {
    /// `None` if it is no such formula.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text, depth: 0 };
        let formula = parser.choice()?;
        parser.rest.trim().is_empty().then_some(Self(formula))
    }

    /// The number of the form.
    pub(super) fn form(&self, n: u64) -> usize {
        usize::try_from(self.0.value(n)).unwrap_or(usize::MAX)
    }
}

impl Expression {
    /// As in C, where a comparison is 0 or 1; but there is no division by zero.
    fn value(&self, n: u64) -> u64 {
        match self {
            Self::N => n,
            Self::Number(number) => *number,
            Self::Not(inner) => u64::from(inner.value(n) == 0),
            Self::Choice(parts) => {
                let (condition, yes, no) = &**parts;
                if condition.value(n) != 0 { yes.value(n) } else { no.value(n) }
            }
            Self::Binary(operator, sides) => {
                let (left, right) = (sides.0.value(n), sides.1.value(n));
                match *operator {
                    "||" => u64::from(left != 0 || right != 0),
                    "&&" => u64::from(left != 0 && right != 0),
                    "==" => u64::from(left == right),
                    "!=" => u64::from(left != right),
                    "<=" => u64::from(left <= right),
                    ">=" => u64::from(left >= right),
                    "<" => u64::from(left < right),
                    ">" => u64::from(left > right),
                    "+" => left.wrapping_add(right),
                    "-" => left.wrapping_sub(right),
                    "*" => left.wrapping_mul(right),
                    "/" => left.checked_div(right).unwrap_or(0),
                    _ => left.checked_rem(right).unwrap_or(0),
                }
            }
        }
    }
}

/// The operators, those that bind least first; of one level, the longer ones first.
const LEVELS: [&[&str]; 6] =
    [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

/// How deep a formula may be: the stack is not the file's.
const DEEPEST: usize = 50;

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn choice(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let condition = self.binary(0)?;
        let expression = if self.eat("?") {
            let yes = self.choice()?;
            let no = self.eat(":").then(|| self.choice())??;
            Expression::Choice(Box::new((condition, yes, no)))
        } else {
            condition
        };
        self.depth -= 1;
        Some(expression)
    }

    fn binary(&mut self, level: usize) -> Option<Expression> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        let mut count = 0;
        while let Some(operator) = operators.iter().find(|operator| self.eat(operator)) {
            count += 1;
            if count > DEEPEST {
                return None;
            }
            left = Expression::Binary(operator, Box::new((left, self.binary(level + 1)?)));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expression> {
        let mut negations = 0_u32;
        while self.eat("!") {
            negations += 1;
        }
        let mut inner = if self.eat("(") {
            let inner = self.choice()?;
            self.eat(")").then_some(inner)?
        } else if self.eat("n") {
            Expression::N
        } else {
            let rest = self.rest.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let number = rest[..end].parse().ok()?;
            self.rest = &rest[end..];
            Expression::Number(number)
        };
        // Two are one that says whether it is not zero.
        for _ in 0..if negations > 2 { 2 - negations % 2 } else { negations } {
            inner = Expression::Not(Box::new(inner));
        }
        Some(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(formula: &str, numbers: &[u64]) -> Vec<usize> {
        let formula = Plural::parse(formula).unwrap();
        numbers.iter().map(|n| formula.form(*n)).collect()
    }

    #[test]
    fn formulas_of_languages_give_their_forms() {
        assert_eq!(forms("n != 1", &[0, 1, 2]), [1, 0, 1]);
        assert_eq!(forms("(n>1)", &[0, 1, 2]), [0, 0, 1]);
        assert_eq!(forms("0", &[0, 1, 2]), [0, 0, 0]);
        let polish = "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2";
        assert_eq!(forms(polish, &[0, 1, 2, 5, 12, 22, 25]), [2, 0, 1, 2, 2, 1, 2]);
        let arabic =
            "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5";
        assert_eq!(forms(arabic, &[0, 1, 2, 3, 11, 100]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(forms("!n + !!n*2 + !!!(n-1)", &[0, 1, 2]), [1, 3, 2]);
        assert_eq!(forms("10 - 2 - 3 * 2 / n", &[0, 1, 3]), [8, 2, 6]);
    }

    #[test]
    fn what_is_no_formula_is_refused() {
        for text in
            ["", "n ==", "m", "n n", "(n", "n ? 1", "n=1", "99999999999999999999", "__import__"]
        {
            assert!(Plural::parse(text).is_none(), "{text}");
        }
        assert!(Plural::parse(&"(".repeat(100_000)).is_none());
        assert!(Plural::parse(&"n?".repeat(100_000)).is_none());
        assert!(Plural::parse(&"n+".repeat(100_000)).is_none());
        assert!(Plural::parse(&format!("{}n", "!".repeat(100_000))).is_some());
    }
}

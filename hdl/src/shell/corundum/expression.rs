//! The value of an expression of parameters, as Verilog has it: a default, or a width.
//!
//! Integers, parameters, parentheses, `$clog2`, and by rising precedence `?:`, `>`, `+` and `-`, `*` and `/`, `**`: what Corundum's
//! expressions are made of.

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// There is no parameter of this name.
    #[error("unknown parameter {0}")]
    Unknown(String),
    /// Something else is expected here.
    #[error("cannot read {0:?}")]
    Syntax(String),
    /// A number is divided by 0, or too large.
    #[error("no value")]
    Range,
}

type Result<T> = std::result::Result<T, ExpressionError>;

/// The value of `text`, where `value` gives those of parameters.
///
/// # Errors
///
/// [`ExpressionError`].
pub fn evaluate(text: &str, value: &dyn Fn(&str) -> Option<i64>) -> Result<i64> {
    let mut reader = Reader { rest: text, value };
    let result = reader.choice()?;
    match reader.rest.trim() {
        "" => Ok(result),
        rest => Err(ExpressionError::Syntax(rest.to_owned())),
    }
}

/// The names in an expression.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !is_word(c));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// What a name or a number is made of.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '\''
}

/// What is left to be read.
struct Reader<'a> {
    rest: &'a str,
    value: &'a dyn Fn(&str) -> Option<i64>,
}

impl Reader<'_> {
    /// Reads `token`, if it comes next.
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.takes(token) {
            true => Ok(()),
            false => Err(ExpressionError::Syntax(self.rest.trim().to_owned())),
        }
    }

    fn choice(&mut self) -> Result<i64> {
        let test = self.comparison()?;
        if !self.takes("?") {
            return Ok(test);
        }
        let then = self.choice()?;
        self.expect(":")?;
        let otherwise = self.choice()?;
        Ok(if test != 0 { then } else { otherwise })
    }

    fn comparison(&mut self) -> Result<i64> {
        let left = self.sum()?;
        match self.takes(">") {
            true => Ok((left > self.sum()?).into()),
            false => Ok(left),
        }
    }

    fn sum(&mut self) -> Result<i64> {
        let mut left = self.product()?;
        loop {
            let sum = if self.takes("+") {
                left.checked_add(self.product()?)
            } else if self.takes("-") {
                left.checked_sub(self.product()?)
            } else {
                return Ok(left);
            };
            left = sum.ok_or(ExpressionError::Range)?;
        }
    }

    fn product(&mut self) -> Result<i64> {
        let mut left = self.power()?;
        loop {
            let product = if self.takes("*") {
                left.checked_mul(self.power()?)
            } else if self.takes("/") {
                left.checked_div(self.power()?)
            } else {
                return Ok(left);
            };
            left = product.ok_or(ExpressionError::Range)?;
        }
    }

    fn power(&mut self) -> Result<i64> {
        let base = self.atom()?;
        if !self.takes("**") {
            return Ok(base);
        }
        let exponent = u32::try_from(self.atom()?).map_err(|_| ExpressionError::Range)?;
        base.checked_pow(exponent).ok_or(ExpressionError::Range)
    }

    fn atom(&mut self) -> Result<i64> {
        if self.takes("(") {
            let inner = self.choice()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let text = self.rest.trim_start();
        let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        if word == "$clog2" {
            self.expect("(")?;
            let inner = self.choice()?;
            self.expect(")")?;
            let inner = u64::try_from(inner).map_err(|_| ExpressionError::Range)?;
            return Ok(inner.max(1).next_power_of_two().trailing_zeros().into());
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let number = match word.split_once("'h") {
                Some((_, digits)) => i64::from_str_radix(digits, 16),
                None => word.parse(),
            };
            return number.map_err(|_| ExpressionError::Syntax(word.to_owned()));
        }
        match (word, (self.value)(word)) {
            ("", _) => Err(ExpressionError::Syntax(text.to_owned())),
            (_, Some(value)) => Ok(value),
            (_, None) => Err(ExpressionError::Unknown(word.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<i64> {
        evaluate(text, &|name| match name {
            "A" => Some(5),
            "ZERO" => Some(0),
            _ => None,
        })
    }

    #[test]
    fn values_are_verilogs() {
        for (text, expected) in [
            ("1", 1),
            ("32'h12340001", 0x1234_0001),
            ("A*8", 40),
            ("(A/2)", 2),
            ("256*2/A", 102),
            ("A-$clog2(A*2)", 1),
            ("A*2**$clog2(A)", 40),
            ("A > 1 ? $clog2(A) : 1", 3),
            ("(ZERO ? A : 0) + 1", 1),
            ("$clog2(1)+4", 4),
            ("10 - 2 - 3", 5),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_is_told() {
        assert_eq!(value("B"), Err(ExpressionError::Unknown("B".to_owned())));
        assert_eq!(value("1/ZERO"), Err(ExpressionError::Range));
        for text in ["", "1 +", "(1", "1 2", "1 ? 2"] {
            assert!(
                matches!(value(text), Err(ExpressionError::Syntax(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn names_are_those_of_parameters() {
        let found: Vec<_> = names("A > 1 ? $clog2(B_2) : 32'h1").collect();
        assert_eq!(found, ["A", "B_2"]);
    }
}

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

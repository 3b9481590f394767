package awl.token.jinja;

/// Whether printed values are escaped at one place of a template, as far as its source tells.
///
/// @param values what holds for them
/// @param constants what the source alone tells, for what is computed beforehand
record Escaping(Known values, Known constants) {
    enum Known {
        OFF,
        ON,
        /// Decided while rendering.
        LATE
    }

    static final Escaping OFF = new Escaping(Known.OFF, Known.OFF);

    /// Inside an `autoescape` block.
    Escaping within(Expr on) {
        Known told = !(on instanceof Expr.Const constant)
                ? Known.LATE
                : Values.truth(constant.value()) ? Known.ON : Known.OFF;
        return new Escaping(values == Known.LATE ? Known.LATE : told, told == Known.LATE ? constants : told);
    }

    boolean on() {
        return values == Known.ON;
    }

    /// Of one printed expression: what is computed beforehand is escaped as the source says there, not as the
    /// rendering decides.
    Known of(Expr expression) {
        return values == Known.LATE && Constants.isPlainConstant(expression) ? constants : values;
    }
}

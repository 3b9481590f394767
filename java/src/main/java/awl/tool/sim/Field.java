package awl.tool.sim;

/// Temperatures of the cells of a rod; the values of fixed ends belong to it.
public record Field(double[] cells, double length, Boundary boundary, double left, double right) {

    public double max() {
        double most = boundary == Boundary.FIXED ? Math.max(left, right) : Double.NEGATIVE_INFINITY;
        for (double each : cells) {
            most = Math.max(most, each);
        }
        return most;
    }

    public double min() {
        double least = boundary == Boundary.FIXED ? Math.min(left, right) : Double.POSITIVE_INFINITY;
        for (double each : cells) {
            least = Math.min(least, each);
        }
        return least;
    }

    public double mean() {
        double sum = 0;
        for (double each : cells) {
            sum += each;
        }
        return sum / cells.length;
    }

    /// Temperature at a place, along straight lines between the middles of cells.
    public double at(double x) {
        double dx = length / cells.length;
        double place = x / dx - 0.5;
        int below = (int) Math.floor(place);
        double part = place - below;
        return (1 - part) * cell(below) + part * cell(below + 1);
    }

    private double cell(int index) {
        int n = cells.length;
        if (index >= 0 && index < n) {
            return cells[index];
        }
        boolean low = index < 0;
        return switch (boundary) {
            case FIXED -> 2 * (low ? left : right) - cells[low ? 0 : n - 1];
            case INSULATED -> cells[low ? 0 : n - 1];
            case PERIODIC -> cells[low ? n - 1 : 0];
        };
    }
}

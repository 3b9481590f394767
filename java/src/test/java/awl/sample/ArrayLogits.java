package awl.sample;

/// Rows of logits in arrays, computed the plain way.
record ArrayLogits(float[][] rows) implements Logits {

    static ArrayLogits row(double... values) {
        float[] row = new float[values.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) values[i];
        }
        return new ArrayLogits(new float[][] {row});
    }

    @Override
    public int vocabularySize() {
        return rows[0].length;
    }

    @Override
    public int argmax(int row) {
        int best = 0;
        for (int v = 1; v < rows[row].length; v++) {
            best = rows[row][v] > rows[row][best] ? v : best;
        }
        return best;
    }

    @Override
    public float max(int row) {
        return rows[row][argmax(row)];
    }

    @Override
    public double logSumExp(int row) {
        double sum = 0;
        for (float value : rows[row]) {
            sum += Math.exp(value - max(row));
        }
        return max(row) + Math.log(sum);
    }

    @Override
    public void copy(int row, float[] into) {
        System.arraycopy(rows[row], 0, into, 0, into.length);
    }

    @Override
    public void close() {}
}

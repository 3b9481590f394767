package awl.kernel;

class TorchKernelsTest extends KernelContract implements RopeContract {

    @Override
    public Kernels kernels() {
        return new TorchKernels();
    }
}

package awl.kernel;

class TorchKernelsTest extends KernelContract {

    @Override
    public Kernels kernels() {
        return new TorchKernels();
    }
}

package awl.kernel;

class TorchKernelsTest extends KernelContract {

    @Override
    Kernels kernels() {
        return new TorchKernels();
    }
}

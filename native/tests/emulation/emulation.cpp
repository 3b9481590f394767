// The threads of one block as fibres, and device memory that is closed while no kernel runs. See cuda_runtime.h.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#include <map>
#include <string>
#include <vector>

#include "cuda_runtime.h"
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
extern "C" char __start_awl_shared[] __attribute__((weak, visibility("hidden")));
extern "C" char __stop_awl_shared[] __attribute__((weak, visibility("hidden")));
#endif

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace {

using emulation::Place;
using emulation::Warp;

enum class State { ready, at_barrier, at_warp_function, left };

#if defined(__x86_64__)
// Where the stack of something that does not run ends; its registers lie there. swapcontext would do the same with a
// system call each time.
using Context = void *;
__attribute__((naked, noinline)) void change(Context *, Context) {
    asm("push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "mov %rsp, (%rdi); mov %rsi, %rsp\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret");
}
Context fresh(char *stack, size_t bytes, void (*entry)()) {
    // Six registers, where to go, and a frame that keeps the calling convention's alignment.
    void **top = (void **)(stack + bytes) - 10;
    memset(top, 0, 10 * sizeof(void *));
    top[6] = (void *)entry;
    return top;
}
#else
using Context = ucontext_t;
void change(Context *from, Context &to) { swapcontext(from, &to); }
Context fresh(char *stack, size_t bytes, void (*entry)()) {
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = bytes;
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
    return context;
}
#endif

struct Fibre {
    Context context;
    char *stack = nullptr;
    bool begun = false;
    State state = State::left;
    Place place{};
    Warp what{};
    unsigned mask = 0;
    uint64_t value = 0, result = 0;
    int argument = 0, width = 32;
    void *fake_stack = nullptr;
};

constexpr size_t stack_bytes = 1 << 16;
constexpr size_t shared_most = 48 * 1024;

std::vector<Fibre> fibres;  // of the block that runs
std::map<uint64_t, std::vector<Fibre>> fibres_of_size;
Fibre *current;
Context scheduler;
void (*body)(void *);
void *argument_of_body;
std::string fault;
std::vector<char> shared;
bool descending;

// ---- changing places ----

#if defined(__SANITIZE_ADDRESS__)
const void *host_stack;
size_t host_stack_bytes;
void *host_fake_stack;
void leaving(void **fake, const void *stack, size_t bytes) { __sanitizer_start_switch_fiber(fake, stack, bytes); }
void arrived_on_fibre() {
    __sanitizer_finish_switch_fiber(current->fake_stack, &host_stack, &host_stack_bytes);
}
void arrived_on_host() { __sanitizer_finish_switch_fiber(host_fake_stack, nullptr, nullptr); }
#endif

void wait(State state, Place place) {
    current->state = state;
    current->place = place;
#if defined(__SANITIZE_ADDRESS__)
    leaving(&current->fake_stack, host_stack, host_stack_bytes);
#endif
    change(&current->context, scheduler);
#if defined(__SANITIZE_ADDRESS__)
    arrived_on_fibre();
#endif
}

// A fibre lives on from block to block.
void life() {
#if defined(__SANITIZE_ADDRESS__)
    arrived_on_fibre();
#endif
    for (;;) {
        body(argument_of_body);
        wait(State::left, {"", 0});
    }
}

void step(size_t thread) {
    current = &fibres[thread];
    const unsigned i = (unsigned)thread;
    threadIdx = dim3(i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y);
    current->begun = true;
#if defined(__SANITIZE_ADDRESS__)
    leaving(&host_fake_stack, current->stack, stack_bytes);
#endif
    change(&scheduler, current->context);
#if defined(__SANITIZE_ADDRESS__)
    arrived_on_host();
#endif
}

void begin(Fibre &fibre) {
    const bool over = fibre.state == State::left && fibre.begun;
    fibre.state = State::ready;
    if (over) return;
    if (!fibre.stack) {
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *base = (char *)mmap(nullptr, stack_bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(base, page, PROT_NONE);
        fibre.stack = base + page;
    }
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fibre.stack, stack_bytes);
#endif
    fibre.context = fresh(fibre.stack, stack_bytes, life);
    fibre.begun = false;
}

// ---- who may go on ----

std::string where(const Place &place) {
    const char *name = strrchr(place.file, '/');
    return std::string(name ? name + 1 : place.file) + ":" + std::to_string(place.line);
}

std::string tell(size_t thread) {
    const Fibre &fibre = fibres[thread];
    return "thread " + std::to_string(thread) +
           (fibre.state == State::left         ? " has left"
            : fibre.state == State::at_barrier ? " waits at the barrier " + where(fibre.place)
                                               : " waits at the warp function " + where(fibre.place));
}

bool same(const Fibre &a, const Fibre &b) {
    return a.state == b.state && a.place.line == b.place.line && !strcmp(a.place.file, b.place.file);
}

bool release_barrier() {
    for (const Fibre &fibre : fibres)
        if (fibre.state != State::at_barrier || !same(fibre, fibres[0])) return false;
    for (Fibre &fibre : fibres) fibre.state = State::ready;
    return true;
}

// The lane a shuffle reads; its own where that lies outside the segment.
int source(const Fibre &fibre, int lane) {
    const int first = lane / fibre.width * fibre.width, last = first + fibre.width - 1;
    int from = lane;
    if (fibre.what == Warp::shuffle) from = first + (fibre.argument & (fibre.width - 1));
    if (fibre.what == Warp::shuffle_xor) from = lane ^ fibre.argument;
    if (fibre.what == Warp::shuffle_down) from = lane + fibre.argument;
    if (fibre.what == Warp::shuffle_up) from = lane - fibre.argument;
    return from < first || from > last ? lane : from;
}

bool release_warp_function(size_t thread) {
    const size_t warp = thread / 32 * 32;
    const Fibre &first = fibres[thread];
    const auto lane_of = [&](int lane) -> Fibre * {
        return (first.mask >> lane & 1) && warp + lane < fibres.size() ? &fibres[warp + lane] : nullptr;
    };
    uint64_t votes = 0;
    for (int lane = 0; lane < 32; lane++) {
        if (!(first.mask >> lane & 1)) continue;
        const Fibre *fibre = lane_of(lane);
        if (!fibre || !same(*fibre, first) || fibre->mask != first.mask) return false;
        votes |= (fibre->value & 1) << lane;
    }
    if (!(first.mask >> (thread - warp) & 1)) return false;
    for (int lane = 0; lane < 32; lane++) {
        Fibre *fibre = lane_of(lane);
        if (!fibre) continue;
        const Fibre *from = fibre->what == Warp::ballot ? fibre : lane_of(source(*fibre, lane));
        if (!from) return false;
        fibre->result = fibre->what == Warp::ballot ? votes : from->value;
    }
    for (int lane = 0; lane < 32; lane++)
        if (Fibre *fibre = lane_of(lane)) fibre->state = State::ready;
    return true;
}

// False once every thread of the block has left, or none can go on.
bool release(size_t &waiting) {
    bool released = release_barrier();
    bool any = false;
    for (size_t i = 0; i < fibres.size(); i++) {
        if (fibres[i].state == State::at_warp_function) released |= release_warp_function(i);
        if (fibres[i].state != State::left) any = true, waiting = i;
    }
    if (!any || released) return any;
    size_t other = 0;
    while (other < fibres.size() && same(fibres[other], fibres[waiting])) other++;
    fault = "block (" + std::to_string(blockIdx.x) + ", " + std::to_string(blockIdx.y) + ", " +
            std::to_string(blockIdx.z) + "): " + tell(waiting) +
            (other < fibres.size() ? ", " + tell(other) : " with a mask that can not be met");
    return false;
}

bool run_block() {
    std::fill(shared.begin(), shared.end(), (char)0xff);
#if !defined(__SANITIZE_ADDRESS__)
    if (__start_awl_shared) memset(__start_awl_shared, 0xff, __stop_awl_shared - __start_awl_shared);
#endif
    for (Fibre &fibre : fibres) begin(fibre);
    size_t waiting = 0;
    do {
        for (size_t i = 0; i < fibres.size(); i++) {
            const size_t thread = descending ? fibres.size() - 1 - i : i;
            if (fibres[thread].state == State::ready) step(thread);
        }
    } while (release(waiting));
    return fault.empty();
}

// ---- device memory ----

struct Allocation {
    char *address, *base;
    size_t bytes, mapped;
};
std::map<const char *, Allocation> allocations;

// Open while a kernel or a copy runs; host code that reads it in between crashes here as it would with a device.
void open_memory(const Allocation &a, bool open) {
#if defined(__SANITIZE_ADDRESS__)
    (void)a, (void)open;
#else
    mprotect(a.base, a.mapped - (size_t)sysconf(_SC_PAGESIZE), open ? PROT_READ | PROT_WRITE : PROT_NONE);
#endif
}

void open_memory(bool open) {
    for (const auto &a : allocations) open_memory(a.second, open);
}

// The allocation an address lies in, or none.
const Allocation *allocation_of(const void *address) {
    auto after = allocations.upper_bound((const char *)address);
    if (after == allocations.begin()) return nullptr;
    const Allocation &a = (--after)->second;
    return (const char *)address < a.address + a.bytes ? &a : nullptr;
}

constexpr unsigned char behind = 0xa5;

}  // namespace

void emulation::run(dim3 grid, dim3 block, size_t shared_bytes, void (*kernel)(void *), void *arguments) {
    const uint64_t threads = (uint64_t)block.x * block.y * block.z;
    const uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z;
    if (!threads || threads > 1024 || !blocks || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535 ||
        shared_bytes > shared_most) {
        fault = "invalid configuration: " + std::to_string(blocks) + " blocks of " + std::to_string(threads) +
                " threads with " + std::to_string(shared_bytes) + " bytes of shared memory";
        return;
    }
    fibres.swap(fibres_of_size[threads]);
    fibres.resize(threads);
    const char *order = getenv("AWL_EMULATION_ORDER");
    descending = order && !strcmp(order, "descending");
    body = kernel;
    argument_of_body = arguments;
    shared.resize(shared_bytes);
    gridDim = grid, blockDim = block;
    open_memory(true);
    for (uint64_t i = 0; i < blocks; i++) {
        const uint64_t b = descending ? blocks - 1 - i : i;
        blockIdx = dim3((unsigned)(b % grid.x), (unsigned)(b / grid.x % grid.y), (unsigned)(b / grid.x / grid.y));
        if (!run_block()) break;
    }
    open_memory(false);
    fibres.swap(fibres_of_size[threads]);
}

void emulation::block_barrier(Place place) { wait(State::at_barrier, place); }

uint64_t emulation::warp_function(Warp what, unsigned mask, uint64_t value, int argument, int width, Place place) {
    current->what = what, current->mask = mask, current->value = value;
    current->argument = argument, current->width = width;
    wait(State::at_warp_function, place);
    return current->result;
}

void *emulation::dynamic_shared() { return shared.data(); }

cudaError_t cudaMalloc(void **address, size_t bytes) {
    Allocation a{};
    a.bytes = bytes;
#if defined(__SANITIZE_ADDRESS__)
    if (posix_memalign(address, 256, bytes)) return cudaErrorMemoryAllocation;
    a.address = (char *)*address;
    memset(a.address, 0xff, bytes);
#else
    // Ends at a guard page, but for what the widest load needs in alignment.
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), rounded = (bytes + 15) / 16 * 16;
    a.mapped = (rounded + page - 1) / page * page + page;
    a.base = (char *)mmap(nullptr, a.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (a.base == MAP_FAILED) return cudaErrorMemoryAllocation;
    a.address = a.base + a.mapped - page - rounded;
    memset(a.address, 0xff, bytes);
    memset(a.address + bytes, behind, rounded - bytes);
    mprotect(a.base, a.mapped, PROT_NONE);
#endif
    *address = a.address;
    allocations[a.address] = a;
    return cudaSuccess;
}

cudaError_t cudaFree(void *address) {
    const auto found = allocations.find((const char *)address);
    if (found == allocations.end()) return address ? cudaErrorInvalidValue : cudaSuccess;
#if defined(__SANITIZE_ADDRESS__)
    free(address);
#else
    const Allocation a = found->second;
    open_memory(a, true);
    for (char *p = a.address + a.bytes; p < a.base + a.mapped - sysconf(_SC_PAGESIZE); p++) {
        if ((unsigned char)*p == behind) continue;
        fprintf(stderr, "a kernel wrote behind a buffer of %zu bytes\n", a.bytes);
        abort();
    }
    munmap(a.base, a.mapped);
#endif
    allocations.erase(found);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
    if (!bytes) return cudaSuccess;
    const Allocation *device = allocation_of(kind == cudaMemcpyHostToDevice ? to : from);
    if (!device) return cudaErrorInvalidValue;
    open_memory(*device, true);
    memcpy(to, from, bytes);
    open_memory(*device, false);
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
    *count = 1;
    return cudaSuccess;
}

namespace {
std::string told;
}

cudaError_t cudaGetLastError() {
    if (fault.empty()) return cudaSuccess;
    told = fault;
    fault.clear();
    return cudaErrorLaunchFailure;
}

const char *cudaGetErrorString(cudaError_t error) { return error == cudaErrorLaunchFailure ? told.c_str() : "no error"; }

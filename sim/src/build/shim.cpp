// One C interface for every model. Above this text stand SCR_ABI, SCR_PORTS and the trace format.

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "Vmodel.h"
#include "verilated.h"

#if defined(SCR_CLOCK_BEFORE)
#include "Vmodel___024root.h"
#endif

#if defined(SCR_TRACE_FST)
#include "verilated_fst_c.h"
using Trace = VerilatedFstC;
#elif defined(SCR_TRACE_VCD)
#include "verilated_vcd_c.h"
using Trace = VerilatedVcdC;

// Where a volume is full Verilator's file waits for itself for ever. This one takes what it cannot write, and
// remembers why it could not.
class TraceFile final : public VerilatedVcdFile {
public:
    int failure = 0;

    ssize_t write(const char* bytes, ssize_t len) override {
        while (!failure) {
            errno = 0;
            const ssize_t written = VerilatedVcdFile::write(bytes, len);
            if (written > 0) return written;
            if (errno != EAGAIN && errno != EINTR) failure = errno ? errno : ENOSPC;
        }
        return len;
    }
};
#endif

#if defined(SCR_COVERAGE)
#include "verilated_cov.h"
#endif

#define SCR_EXPORT extern "C" __attribute__((visibility("default")))

#if defined(SCR_TRACE_FST) || defined(SCR_TRACE_VCD)
#define SCR_TRACE 1
#endif

namespace {

// Half a clock cycle in units of 1 ps, at 250 MHz.
constexpr uint64_t kHalfCycle = 2000;

struct PortInfo {
    const char* name;
    uint32_t bits;
    uint32_t output;
    uint32_t storage;
};

const PortInfo kPorts[] = {
#define PORT(name, bits, output) \
    {#name, bits, output, sizeof(std::remove_reference_t<decltype(std::declval<Vmodel&>().name)>)},
    SCR_PORTS(PORT)
#undef PORT
};

struct Model {
    std::unique_ptr<VerilatedContext> context;
    std::unique_ptr<Vmodel> top;
#ifdef SCR_TRACE
#ifdef SCR_TRACE_VCD
    TraceFile file;
#endif
    std::unique_ptr<Trace> trace;
    uint64_t time = 0;

    void dump() {
        context->time(time);
        if (trace) trace->dump(time);
        time += kHalfCycle;
    }
#else
    void dump() {}
#endif
#ifdef SCR_COVERAGE
    std::string coverage_path;
#endif
};

}  // namespace

SCR_EXPORT uint32_t scr_model_abi() { return SCR_ABI; }

SCR_EXPORT uint32_t scr_model_port_count() { return sizeof(kPorts) / sizeof(kPorts[0]); }

SCR_EXPORT const PortInfo* scr_model_port_table() { return kPorts; }

// A model after its first settling, clock low; nullptr on failure, with its reason in `error`.
SCR_EXPORT Model* scr_model_create(const char* trace_path, char* error, size_t error_size) {
    const char* reason = "unknown exception";
    try {
        auto model = std::make_unique<Model>();
        model->context = std::make_unique<VerilatedContext>();
#ifdef SCR_TRACE
        model->context->traceEverOn(true);
#endif
        model->top = std::make_unique<Vmodel>(model->context.get(), "TOP");
        bool ok = true;
        if (trace_path) {
#ifdef SCR_TRACE
#ifdef SCR_TRACE_VCD
            model->trace = std::make_unique<Trace>(&model->file);
#else
            model->trace = std::make_unique<Trace>();
#endif
            model->top->trace(model->trace.get(), 99);
            model->trace->open(trace_path);
            ok = model->trace->isOpen();
            reason = "the trace file cannot be opened for writing";
#elif defined(SCR_COVERAGE)
            model->coverage_path = trace_path;
#else
            ok = false;
            reason = "the model was built without tracing";
#endif
        }
        if (ok) {
            model->top->clk = 0;
            model->top->eval();
            model->dump();
            return model.release();
        }
    } catch (const std::exception& e) {
        std::strncpy(error, e.what(), error_size - 1);
        error[error_size - 1] = 0;
        return nullptr;
    } catch (...) {
    }
    std::strncpy(error, reason, error_size - 1);
    error[error_size - 1] = 0;
    return nullptr;
}

SCR_EXPORT void* scr_model_port_data(Model* model, uint32_t port) {
    void* const data[] = {
#define PORT(name, bits, output) &model->top->name,
        SCR_PORTS(PORT)
#undef PORT
    };
    return data[port];
}

// One clock cycle. The rising edge is an evaluation that finds the clock high and low the time before; it settles
// the inputs first. An evaluation with the clock low would only settle them twice, so without a trace, whose file
// shows the falling edge, the model is told that it was low (SCR_CLOCK_BEFORE is where it remembers that).
SCR_EXPORT void scr_model_tick(Model* model) {
    Vmodel* const top = model->top.get();
#if defined(SCR_CLOCK_BEFORE)
    top->rootp->SCR_CLOCK_BEFORE = 0;
#else
    top->clk = 0;
    top->eval();
    model->dump();
#endif
    top->clk = 1;
    top->eval();
    model->dump();
}

SCR_EXPORT void scr_model_flush(Model* model) {
#ifdef SCR_TRACE
    if (model->trace) model->trace->flush();
#else
    (void)model;
#endif
}

// Why the trace could not be written, as a number of errno; 0 if it could, or if nobody knows.
SCR_EXPORT int32_t scr_model_destroy(Model* model) {
    int32_t failure = 0;
    model->top->final();
#ifdef SCR_TRACE
    if (model->trace) model->trace->close();
#endif
#ifdef SCR_TRACE_VCD
    failure = model->file.failure;
#endif
#ifdef SCR_COVERAGE
    if (!model->coverage_path.empty()) {
        model->context->coveragep()->write(model->coverage_path.c_str());
    }
#endif
    delete model;
    return failure;
}

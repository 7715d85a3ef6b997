// What runtime.h declares, for a lowering to MLIR's func dialect: put these at the top of the module.
//
// Every pointer is !llvm.ptr, size_t and int64_t are i64, int is i32. A string by value is its two
// words, pointer and length, as the C calling convention passes it.

func.func private @cs_alloc(%size: i64) -> !llvm.ptr
func.func private @cs_free(%ptr: !llvm.ptr)

func.func private @cs_spawn(%func: !llvm.ptr, %data: !llvm.ptr)

func.func private @cs_chan_create(%capacity: i64, %element_size: i64) -> !llvm.ptr
func.func private @cs_chan_send(%chan: !llvm.ptr, %data: !llvm.ptr)
func.func private @cs_chan_receive(%chan: !llvm.ptr, %out_data: !llvm.ptr) -> i32
func.func private @cs_chan_close(%chan: !llvm.ptr)
func.func private @cs_chan_clone_sender(%chan: !llvm.ptr) -> !llvm.ptr
func.func private @cs_chan_drop_sender(%chan: !llvm.ptr)
func.func private @cs_chan_create_ptr(%capacity: i64) -> !llvm.ptr
func.func private @cs_chan_send_ptr(%chan: !llvm.ptr, %owned: !llvm.ptr)
func.func private @cs_chan_receive_ptr(%chan: !llvm.ptr) -> !llvm.ptr
func.func private @cs_chan_release(%chan: !llvm.ptr)

func.func private @cs_print_str(%ptr: !llvm.ptr, %len: i64)

// The example of Coolscript's own document in MLIR, to be put after the declarations of runtime.mlir:
//
//     cat runtime.mlir document.mlir | mlir-opt
//
//     let results = channel()
//     let data = [1, 2, 3]
//     spawn worker(move data)
//     if let squares = results.receive():
//         print(squares)
//
// The worker is an llvm.func because its address is taken.

llvm.mlir.global internal @results() : !llvm.ptr {
  %none = llvm.mlir.undef : !llvm.ptr
  llvm.return %none : !llvm.ptr
}

llvm.mlir.global internal constant @comma(", ")
llvm.mlir.global internal constant @open_bracket("[")
llvm.mlir.global internal constant @close_bracket("]\n")

func.func private @square(%slot: !llvm.ptr) {
  %value = llvm.load %slot : !llvm.ptr -> i64
  %square = arith.muli %value, %value : i64
  llvm.store %square, %slot : i64, !llvm.ptr
  return
}

llvm.func @worker_func(%list: !llvm.ptr) {
  %second = llvm.getelementptr %list[1] : (!llvm.ptr) -> !llvm.ptr, i64
  %third = llvm.getelementptr %list[2] : (!llvm.ptr) -> !llvm.ptr, i64
  func.call @square(%list) : (!llvm.ptr) -> ()
  func.call @square(%second) : (!llvm.ptr) -> ()
  func.call @square(%third) : (!llvm.ptr) -> ()

  %one = llvm.mlir.constant(1 : i64) : i64
  %item = llvm.alloca %one x !llvm.ptr : (i64) -> !llvm.ptr
  llvm.store %list, %item : !llvm.ptr, !llvm.ptr
  %results = llvm.mlir.addressof @results : !llvm.ptr
  %chan = llvm.load %results : !llvm.ptr -> !llvm.ptr
  func.call @cs_chan_send(%chan, %item) : (!llvm.ptr, !llvm.ptr) -> ()
  llvm.return
}

// One digit: the squares of 1, 2 and 3 have no more.
func.func private @print_digit(%slot: !llvm.ptr) {
  %one = arith.constant 1 : i64
  %zero_character = arith.constant 48 : i64
  %value = llvm.load %slot : !llvm.ptr -> i64
  %sum = arith.addi %value, %zero_character : i64
  %character = arith.trunci %sum : i64 to i8
  %place = llvm.alloca %one x i8 : (i64) -> !llvm.ptr
  llvm.store %character, %place : i8, !llvm.ptr
  call @cs_print_str(%place, %one) : (!llvm.ptr, i64) -> ()
  return
}

func.func private @print_list(%list: !llvm.ptr) {
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %open_bracket = llvm.mlir.addressof @open_bracket : !llvm.ptr
  %comma = llvm.mlir.addressof @comma : !llvm.ptr
  %close_bracket = llvm.mlir.addressof @close_bracket : !llvm.ptr
  %second = llvm.getelementptr %list[1] : (!llvm.ptr) -> !llvm.ptr, i64
  %third = llvm.getelementptr %list[2] : (!llvm.ptr) -> !llvm.ptr, i64
  call @cs_print_str(%open_bracket, %one) : (!llvm.ptr, i64) -> ()
  call @print_digit(%list) : (!llvm.ptr) -> ()
  call @cs_print_str(%comma, %two) : (!llvm.ptr, i64) -> ()
  call @print_digit(%second) : (!llvm.ptr) -> ()
  call @cs_print_str(%comma, %two) : (!llvm.ptr, i64) -> ()
  call @print_digit(%third) : (!llvm.ptr) -> ()
  call @cs_print_str(%close_bracket, %two) : (!llvm.ptr, i64) -> ()
  return
}

func.func @main() -> i32 {
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %three = arith.constant 3 : i64
  %eight = arith.constant 8 : i64
  %twenty_four = arith.constant 24 : i64

  %chan = call @cs_chan_create(%one, %eight) : (i64, i64) -> !llvm.ptr
  %results = llvm.mlir.addressof @results : !llvm.ptr
  llvm.store %chan, %results : !llvm.ptr, !llvm.ptr

  // let data = [1, 2, 3]
  %data = call @cs_alloc(%twenty_four) : (i64) -> !llvm.ptr
  %second = llvm.getelementptr %data[1] : (!llvm.ptr) -> !llvm.ptr, i64
  %third = llvm.getelementptr %data[2] : (!llvm.ptr) -> !llvm.ptr, i64
  llvm.store %one, %data : i64, !llvm.ptr
  llvm.store %two, %second : i64, !llvm.ptr
  llvm.store %three, %third : i64, !llvm.ptr

  // spawn worker(move data)
  %worker = llvm.mlir.addressof @worker_func : !llvm.ptr
  call @cs_spawn(%worker, %data) : (!llvm.ptr, !llvm.ptr) -> ()

  // if let squares = results.receive()
  %out = llvm.alloca %one x !llvm.ptr : (i64) -> !llvm.ptr
  %received = call @cs_chan_receive(%chan, %out) : (!llvm.ptr, !llvm.ptr) -> i32
  %no = arith.constant 0 : i32
  %some = arith.cmpi ne, %received, %no : i32
  cf.cond_br %some, ^print, ^none

^print:
  %squares = llvm.load %out : !llvm.ptr -> !llvm.ptr
  call @print_list(%squares) : (!llvm.ptr) -> ()
  call @cs_free(%squares) : (!llvm.ptr) -> ()
  call @cs_chan_release(%chan) : (!llvm.ptr) -> ()
  return %no : i32

^none:
  %failure = arith.constant 1 : i32
  return %failure : i32
}

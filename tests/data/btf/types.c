// One of each kind of BTF type, for the tests of room btf. ORIGIN.md says how types.*.btf were made from it.
#define tagged(word) __attribute__((btf_decl_tag(word)))
#define type_tagged(word) __attribute__((btf_type_tag(word)))

typedef unsigned int u32;
typedef long long s64;
typedef u32 type_tagged("user") * user_pointer;

struct opaque;
union opaque_union;

enum small { SMALL_A, SMALL_B = 7, SMALL_NEGATIVE = -3 };
enum unsigned_small { US_TOP = 0xffffffffU, US_ONE = 1 };
enum large { LARGE_TOP = 0xffffffffffffffffULL, LARGE_LOW = 5 };
enum large_signed { LS_MIN = -0x7fffffffffffffffLL - 1, LS_TWO = 2 };

struct list {
  struct list *next, **pprev;
};

struct everything {
  char letter;
  _Bool flag;
  short numbers[3][4];
  struct {
    int inner;
    union {
      long deep;
      float real;
    };
  };
  u32 low : 3, : 4, high : 9;
  s64 wide : 40;
  const volatile int* const restrict pointer;
  int (*handler)(const char* name, struct everything* self, ...);
  void (*(*signal)(int number, void (*action)(int)))(int);
  struct opaque* opaque;
  union opaque_union* opaque_union;
  user_pointer from_user;
  enum small small;
  enum large large;
  struct list list;
  unsigned char flexible[];
} tagged("whole");

int counter tagged("counted") = 3;
static const volatile u32 hidden = 4;
extern int elsewhere;
double ratio;
enum unsigned_small us;
enum large_signed ls;

static __attribute__((noinline)) u32 twice(u32 number tagged("argument")) {
  return number * 2 + hidden;
}
int everything_init(struct everything* self, const int (*table)[8], enum small small) tagged("api");
int everything_init(struct everything* self, const int (*table)[8], enum small small) {
  self->low = twice((u32)(*table)[small]) & 7;
  counter += elsewhere;
  return self->flag;
}

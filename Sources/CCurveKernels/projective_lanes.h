// SPDX-License-Identifier: Apache-2.0

// Points (X : Y : Z) in eight lanes, by the complete formulas of Renes, Costello and Batina (eprint 2015/1060) for a = 0: right
// for all points of the curve, whose number is odd, equal ones, opposite ones and infinity. Coordinates are below 18.
#ifndef DRIFTPROOF_CURVE_PROJECTIVE_LANES_H
#define DRIFTPROOF_CURVE_PROJECTIVE_LANES_H

typedef struct {
  f8 x, y, z;
} projective8;

// Algorithm 7.
static void add8(projective8 *r, const projective8 *a, const projective8 *b) {
  f8 xx, yy, zz, xy, yz, xz, s, t, u, v, sum, difference;
  f8_mul2(&xx, &a->x, &b->x, &yy, &a->y, &b->y);
  f8_add(&s, &a->x, &a->y);
  f8_add(&t, &b->x, &b->y);
  f8_mul2(&zz, &a->z, &b->z, &xy, &s, &t);
  f8_add(&s, &a->y, &a->z);
  f8_add(&t, &b->y, &b->z);
  f8_add(&u, &a->x, &a->z);
  f8_add(&v, &b->x, &b->z);
  f8_mul2(&yz, &s, &t, &xz, &u, &v);
  f8_sub2(&xy, &xy, &xx, &yy);
  f8_sub2(&yz, &yz, &yy, &zz);
  f8_sub2(&xz, &xz, &xx, &zz);
  f8_scale(&zz, &zz, 12);  // 12.1
  f8_scale(&xz, &xz, 12);  // 205
  f8_scale(&xx, &xx, 3);
  f8_add(&sum, &yy, &zz);
  f8_sub(&difference, &yy, &zz);
  f8_mul2(&s, &xy, &difference, &t, &yz, &xz);
  f8_mul2(&u, &difference, &sum, &v, &xz, &xx);
  f8_sub(&r->x, &s, &t);  // 17.1
  f8_add(&r->y, &u, &v);
  f8_mul2(&s, &sum, &yz, &t, &xx, &xy);
  f8_add(&r->z, &s, &t);
}

// Algorithm 9.
static void double8(projective8 *r, const projective8 *a) {
  f8 yy, zz, xy, yz, s, t, sum, difference;
  f8_mul2(&yy, &a->y, &a->y, &zz, &a->z, &a->z);
  f8_mul2(&xy, &a->x, &a->y, &yz, &a->y, &a->z);
  f8_scale(&zz, &zz, 12);  // 12.1
  f8_bound(&zz);           // 4.1, so that three times it may be taken off
  f8_scale(&t, &zz, 3);
  f8_add(&sum, &yy, &zz);
  f8_sub(&difference, &yy, &t);
  f8_scale(&yy, &yy, 8);
  f8_add(&xy, &xy, &xy);
  f8_mul2(&r->x, &xy, &difference, &r->z, &yy, &yz);
  f8_mul2(&s, &zz, &yy, &t, &difference, &sum);
  f8_add(&r->y, &s, &t);
}

#endif

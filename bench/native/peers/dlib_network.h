#pragma once

#include <dlib/dnn.h>

namespace countenance::bench {

// The architecture that dlib_face_recognition_resnet_model_v1.dat was trained with. Its batch
// normalisation is stored as affine layers.

template <int N, int Stride, typename Below>
using TwoConvs = dlib::affine<
    dlib::con<N, 3, 3, 1, 1, dlib::relu<dlib::affine<dlib::con<N, 3, 3, Stride, Stride, Below>>>>>;

template <int N, typename Below>
using Keep = dlib::relu<dlib::add_prev1<TwoConvs<N, 1, dlib::tag1<Below>>>>;

template <int N, typename Below>
using Halve = dlib::relu<dlib::add_prev2<
    dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<TwoConvs<N, 2, dlib::tag1<Below>>>>>>>;

template <typename Below>
using Stem = dlib::max_pool<3, 3, 2, 2, dlib::relu<dlib::affine<dlib::con<32, 7, 7, 2, 2, Below>>>>;

template <typename Below>
using Stage32 = Keep<32, Keep<32, Keep<32, Below>>>;
template <typename Below>
using Stage64 = Keep<64, Keep<64, Keep<64, Halve<64, Below>>>>;
template <typename Below>
using Stage128 = Keep<128, Keep<128, Halve<128, Below>>>;
template <typename Below>
using Stage256 = Halve<256, Keep<256, Keep<256, Halve<256, Below>>>>;

using DlibNetwork = dlib::loss_metric<dlib::fc_no_bias<
    128, dlib::avg_pool_everything<
             Stage256<Stage128<Stage64<Stage32<Stem<dlib::input_rgb_image_sized<150>>>>>>>>>;

}  // namespace countenance::bench
